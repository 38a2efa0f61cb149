#include "files.hpp"

#include "assets.hpp"
#include "html.hpp"
#include "openapi.hpp"

#include <comments/http/gzip.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace server {
namespace {

using namespace comments;

// One file, as it is sent.
struct file {
  std::string type{};
  std::string etag{};
  std::string text{};
  std::string packed{};
};

// Pages name other files as {{embed.js}}: the address under which that text is known for good.
std::string fill(std::string_view text) {
  std::string filled;
  for (std::size_t at; (at = text.find("{{")) != text.npos;) {
    const std::size_t end = text.find("}}", at);
    filled.append(text.substr(0, at))
        .append(path_of(find_asset(text.substr(at + 2, end - at - 2))));
    text.remove_prefix(end + 2);
  }
  return filled.append(text);
}

file make_file(const asset& one) {
  const bool is_page = one.name.ends_with(".html");
  file made{.type = std::string{one.type},
            .text = is_page ? fill(one.text) : std::string{one.text}};
  std::string tag{one.hash};
  if (is_page)  // it changes with what it names
    for (const asset& other : assets()) tag += other.hash.substr(0, 4);
  made.etag = '"' + tag + '"';
  made.packed = http::gzip(made.text);
  return made;
}

http::response answer(const file& one, const http::request& asked, std::string_view caching) {
  const bool is_known = http::has_etag(http::asked_etags(asked), one.etag);
  http::response made{.status = is_known ? 304 : 200,
                      .headers = {{"ETag", one.etag}, {"Cache-Control", std::string{caching}}}};
  if (is_known) return made;
  made.headers.emplace_back("Content-Type", one.type);
  const bool is_packed =
      http::takes_gzip(http::find_header(asked.headers, "Accept-Encoding").value_or(""));
  if (is_packed) made.headers.emplace_back("Content-Encoding", "gzip");
  made.body = is_packed ? one.packed : one.text;
  return made;
}

// Anybody's page may take it: it is the same for all, and says nothing of anybody.
http::response opened(http::response made) {
  made.headers.emplace_back("Access-Control-Allow-Origin", "*");
  made.headers.emplace_back("Cross-Origin-Resource-Policy", "cross-origin");
  return made;
}

http::more_route page_route(std::string pattern, std::string_view name, std::string policy,
                            std::string_view referrer) {
  const auto one = std::make_shared<const file>(make_file(find_asset(name)));
  return {std::move(pattern), [=](const http::context&) {
            return [=](http::request&& asked) {
              http::response made = answer(*one, asked, "no-cache");
              protect(made, policy, referrer);
              return made;
            };
          }};
}

// Sites paste this address, so a new version must reach them: it is asked for again soon.
http::more_route embed_route() {
  const auto one = std::make_shared<const file>(make_file(find_asset("embed.js")));
  return {"GET /embed.js", [one](const http::context&) {
            return [one](http::request&& asked) {
              return opened(answer(*one, asked, "public, max-age=300"));
            };
          }};
}

// A name with the hash of the text in it never means another text. While servers of two versions
// stand side by side, one is asked for the other's: it gives its own, not to be kept.
http::more_route asset_route() {
  const auto all = std::make_shared<std::vector<std::pair<std::string, file>>>();
  for (const asset& one : assets())
    if (!one.name.ends_with(".html")) all->emplace_back(path_of(one), make_file(one));
  return {"GET /assets/{name}", [all](const http::context&) {
            return [all](http::request&& asked) {
              const std::string path =
                  "assets/" + std::string{*http::find_field(asked.path, "name")};
              const auto is_it = [&](const auto& one) {
                const std::size_t stem = one.first.find('.'), end = one.first.rfind('.');
                return path.starts_with(one.first.substr(0, stem + 1)) &&
                       path.ends_with(one.first.substr(end));
              };
              const auto found = std::ranges::find_if(*all, is_it);
              if (found == all->end())
                return http::problem({errc::not_found, "There is no such file."}, asked);
              const bool is_exact = found->first == path;
              return opened(answer(found->second, asked,
                                   is_exact ? "public, max-age=31536000, immutable" : "no-cache"));
            };
          }};
}

http::more_route description_route() {
  return {"GET /openapi.json", [](const http::context&) {
            return [](http::request&&) { return http::answer_with(std::string{openapi}); };
          }};
}

constexpr std::string_view scripted =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types comments-thread";

}  // namespace

std::vector<http::more_route> files() {
  const std::string policy{scripted};
  return {page_route("GET /", "index.html", policy, "same-origin"),
          page_route("GET /moderation", "moderation.html", policy, "no-referrer"), embed_route(),
          asset_route(), description_route()};
}

}  // namespace server
