#include "files.hpp"

#include "assets.hpp"
#include "openapi.hpp"
#include "page.hpp"

#include <comments/api/responses.hpp>
#include <comments/http/gzip.hpp>
#include <comments/http/problem.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace server {
namespace {

using namespace comments;

// A file, as it is sent.
struct file {
  std::string type{};
  std::string etag{};
  std::string text{};
  std::string packed{};
};

file make_file(std::string_view type, std::string_view tag, std::string text) {
  file made{
      .type = std::string{type}, .etag = '"' + std::string{tag} + '"', .text = std::move(text)};
  made.packed = http::gzip(made.text);
  return made;
}

file make_asset(const asset& source) {
  return make_file(source.type, source.hash, std::string{source.text});
}

// A page that names assets by their addresses, so it changes with each of them.
file make_static_page(std::string_view name) {
  return make_file(find_page_source(name).type, sources_hash(),
                   render(name, values{}, english()).text());
}

http::response answer(const file& sent, const http::request& asked, std::string_view caching) {
  const bool is_known = http::has_etag(http::if_none_match(asked), sent.etag);
  http::response made{.status = is_known ? 304 : 200,
                      .headers = {{"ETag", sent.etag}, {"Cache-Control", std::string{caching}}}};
  if (is_known) return made;
  made.headers.emplace_back("Content-Type", sent.type);
  const bool is_packed =
      http::takes_gzip(http::find_header(asked.headers, "Accept-Encoding").value_or(""));
  if (is_packed) made.headers.emplace_back("Content-Encoding", "gzip");
  made.body = is_packed ? sent.packed : sent.text;
  return made;
}

// Lets pages of all sites load the file: it is the same for all, and tells nothing about a reader.
http::response for_any_origin(http::response made) {
  made.headers.emplace_back("Access-Control-Allow-Origin", "*");
  made.headers.emplace_back("Cross-Origin-Resource-Policy", "cross-origin");
  return made;
}

constexpr bool is_ready = true;  // files stand in memory, also packed

http::more_route page_route(std::string pattern, std::string_view name, std::string policy,
                            std::string_view referrer) {
  const auto page = std::make_shared<const file>(make_static_page(name));
  return {std::move(pattern),
          [=](const http::context&) {
            return [=](http::request&& asked) {
              http::response made = answer(*page, asked, "no-cache");
              protect(made, policy, referrer);
              return made;
            };
          },
          is_ready};
}

// Sites paste this address, so browsers ask for it again soon: a new version must reach them.
http::more_route embed_route() {
  const auto script = std::make_shared<const file>(make_asset(find_asset("embed.js")));
  return {"GET /embed.js",
          [script](const http::context&) {
            return [script](http::request&& asked) {
              return for_any_origin(answer(*script, asked, "public, max-age=300"));
            };
          },
          is_ready};
}

// Whether `path` is that of the file, in this version or in another.
bool is_version_of(std::string_view known, std::string_view path) {
  return path.starts_with(known.substr(0, known.find('.') + 1)) &&
         path.ends_with(known.substr(known.rfind('.')));
}

// A name with a hash in it always means the same text. While servers of two versions stand side by
// side, one gets requests for the other's files: it gives its own, not to be kept.
http::more_route asset_route() {
  const auto all = std::make_shared<std::vector<std::pair<std::string, file>>>();
  for (const asset& source : assets()) all->emplace_back(path_of(source), make_asset(source));
  return {
      "GET /assets/{name}",
      [all](const http::context&) {
        return [all](http::request&& asked) {
          const std::string path = "assets/" + std::string{*http::find_field(asked.path, "name")};
          const auto found = std::ranges::find_if(
              *all, [&](const auto& known) { return is_version_of(known.first, path); });
          if (found == all->end())
            return http::problem({errc::not_found, "There is no such file."}, asked);
          const bool is_exact = found->first == path;
          return for_any_origin(answer(
              found->second, asked, is_exact ? "public, max-age=31536000, immutable" : "no-cache"));
        };
      },
      is_ready};
}

http::more_route description_route() {
  return {"GET /openapi.json",
          [](const http::context&) {
            return [](http::request&&) {
              return http::json_response(std::string{openapi_parts[0]}.append(openapi_parts[1]));
            };
          },
          is_ready};
}

http::more_route status_style_route() {
  return {"GET /status.css",
          [](const http::context&) {
            return [](http::request&&) {
              return http::response{.headers = {{"Content-Type", "text/css; charset=utf-8"},
                                                {"Cache-Control", "max-age=3600"}},
                                    .body = std::string{find_page_source("status.css").text}};
            };
          },
          is_ready};
}

constexpr std::string_view scripted =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types comments-thread";

}  // namespace

std::vector<http::more_route> files() {
  const std::string policy{scripted};
  return {page_route("GET /", "index.html", policy, "same-origin"),
          page_route("GET /moderation", "moderation.html", policy, "no-referrer"),
          embed_route(),
          asset_route(),
          description_route(),
          status_style_route()};
}

}  // namespace server
