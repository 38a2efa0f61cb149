#pragma once
// http/routes.hpp - the API itself: every path, what it asks of the service, and how it answers.
//
// `docs/http-api.md` is this file in words. The two paths of the original API keep its words and go
// through the same validation and storage as the rest. The service outlives what `routes` gives.
//
//   handler api = routes(service);
//   mount(server, api);                                      // with http/httplib.hpp
//   response answer = api({.method = "GET", .target = "/healthz"});   // or without

#include <comments/auth/token.hpp>
#include <comments/cache.hpp>
#include <comments/http/gzip.hpp>
#include <comments/http/message.hpp>
#include <comments/http/middleware.hpp>
#include <comments/http/original_list.hpp>
#include <comments/http/problem.hpp>
#include <comments/http/router.hpp>
#include <comments/json/decode.hpp>
#include <comments/json/encode.hpp>
#include <comments/service.hpp>
#include <comments/version.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments::http {

// What /version answers; a program that embeds the library names itself.
struct build_info {
  std::string component{"comments"};
  std::string version{comments::library_version};
  std::string commit{};
  std::string build_date{};
};

struct route_options {
  request_limits limits{};
  bool hide_original_emails{};  // the original API publishes addresses; this sends "" instead
  std::chrono::milliseconds edit_window{std::chrono::minutes{15}};
  build_info build{};
  std::size_t cache_bytes{67'108'864};  // what pages may take in memory; 0: each is made anew
  observer observe{};                   // hears of every answered request
};

// One instance answers all requests. Of its own it has nothing but pages that it may forget.
class api final {
 public:
  // An original list of more bytes is not held in memory but streamed.
  static constexpr std::size_t whole_list_bytes_max = 262'144;

  api(service& service, route_options options)
      : service_{service},
        options_{std::move(options)},
        sign_{service.signing_key()},
        pages_{options_.cache_bytes, service.metrics(), "comments_page_cache"} {}

  // POST /api/comment/new
  response post_original(request asked) const {
    if (auto refused = refuse_media(asked)) return std::move(*refused);
    auto written = json::decode_original_draft(asked.body, key_of(asked), limits());
    if (!written) return problem(written.error(), asked);
    const std::string content_id = written->content_id;
    written->encoded = json::encode_written(written->author, written->body, author_key());
    const auto posted = service_.post(std::move(*written));
    if (!posted) return problem(posted.error(), asked);
    response answer = answer_with(json::encode_original_posted(content_id));
    answer.headers.emplace_back("ETag", to_etag(posted->stored.version));
    if (posted->replayed) answer.headers.emplace_back("Idempotency-Replayed", "true");
    return answer;
  }

  // GET /api/comment/list/{content_id}
  response list_original(request asked) const {
    const std::string content_id{*find_field(asked.path, "content_id")};
    const auto home = find_home(content_id);
    if (!home) return problem(home.error(), asked);
    if (home->version == 0) return original_not_found(content_id);
    if (auto kept = find_kept(name_of(asked), home->version)) return fresh(asked, *kept);
    if (has_etag(asked_etags(asked), original_etag(home->version)))
      return not_modified(original_etag(home->version));
    return read_original(asked, content_id);
  }

  // GET /api/v1/comments
  response list(request asked) const {
    const auto home = find_home(std::string{find_field(asked.query, "content_id").value_or("")});
    if (home)
      if (auto kept = find_kept(name_of(asked), home->version)) return fresh(asked, *kept);
    auto wanted = read_query(asked);
    if (!wanted) return problem(wanted.error(), asked);
    if (!home) return problem(home.error(), asked);
    if (has_etag(asked_etags(asked), to_etag(home->version)))
      return not_modified(to_etag(home->version));
    const auto page = service_.list(*wanted);
    if (!page) return problem(page.error(), asked);
    std::string next, link;
    if (page->next) {
      next = sign_.token(cursor_purpose(*wanted), std::to_string(page->next->position) + " " +
                                                      std::to_string(page->next->votes));
      link = next_link(asked, next);
    }
    const std::int64_t version = page->content.version;
    return fresh(asked, *keep(name_of(asked), {version, to_etag(version), std::move(link),
                                               json::encode(*page, author_key(), next)}));
  }

  // POST /api/v1/comments
  response post(request asked) const {
    if (auto refused = refuse_media(asked)) return std::move(*refused);
    auto written = json::decode_draft(asked.body, key_of(asked), limits());
    if (!written) return problem(written.error(), asked);
    written->encoded = json::encode_written(written->author, written->body, author_key());
    const auto posted = service_.post(std::move(*written));
    if (!posted) return problem(posted.error(), asked);
    const comment& made = posted->stored;
    const std::string token =
        posted->replayed
            ? ""
            : auth::make_edit_token(sign_, made.id, made.created_at + options_.edit_window);
    response answer = answer_with(json::encode(made, author_key(), token));
    answer.status = 201;
    answer.headers.emplace_back("Location",
                                asked.prefix + "/api/v1/comments/" + to_string(made.id));
    answer.headers.emplace_back("ETag", to_etag(made.version));
    if (posted->replayed) answer.headers.emplace_back("Idempotency-Replayed", "true");
    return answer;
  }

  // GET /api/v1/comments/{id}
  response find(request asked) const {
    const auto id = parse_comment_id(*find_field(asked.path, "id"));
    const auto found = id ? service_.find(*id) : comment_not_found();
    if (!found) return problem(found.error(), asked);
    const std::string etag = to_etag(found->version);
    if (has_etag(asked_etags(asked), etag)) return not_modified(etag);
    return fresh(etag, json::encode(*found, author_key()));
  }

  // GET /api/v1/counts
  response count(request asked) const {
    std::vector<std::string> ids;
    for (const auto& [name, value] : asked.query)
      if (name == "content_id") ids.push_back(value);
    const auto contents = service_.contents(ids);
    if (!contents) return problem(contents.error(), asked);
    return answer_with(json::encode_counts(*contents));
  }

  // GET /api/v1/contents/{content_id}
  response find_content(request asked) const {
    const auto found = service_.find_content(std::string{*find_field(asked.path, "content_id")});
    if (!found) return problem(found.error(), asked);
    const std::string etag = to_etag(found->version);
    if (has_etag(asked_etags(asked), etag)) return not_modified(etag);
    return fresh(etag, json::encode(*found));
  }

  // GET /healthz, /readyz, /version, /metrics
  response health(request) const { return answer_with(json::encode_fields({{"status", "ok"}})); }
  response readiness(request asked) const {
    if (service_.is_draining())
      return problem({errc::unavailable, "The service is shutting down."}, asked);
    if (!service_.is_writable())
      return problem({errc::unavailable, "The store takes no writes now."}, asked);
    return answer_with(json::encode_fields({{"status", "ready"}}));
  }
  response version(request) const {
    const build_info& build = options_.build;
    return answer_with(json::encode_fields({{"component", build.component},
                                            {"version", build.version},
                                            {"commit", build.commit},
                                            {"build_date", build.build_date}}));
  }
  response metrics(request) const {
    service_.is_writable();  // sets its gauge
    return {.headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"},
                        {"Cache-Control", "no-store"}},
            .body = service_.metrics().to_text()};
  }

 private:
  const comments::limits& limits() const { return service_.options().limits; }

  static std::string key_of(const request& asked) {
    return std::string{find_header(asked.headers, "Idempotency-Key").value_or("")};
  }

  // The same for each author of this store: by the e-mail address, else by the name.
  json::author_key author_key() const {
    return [this](const author& author) {
      return sign_.keyed_hash("author", author.email.empty() ? author.name : author.email);
    };
  }

  // 415 unless the body says that it is JSON, in no encoding.
  static std::optional<response> refuse_media(const request& asked) {
    std::string_view type = find_header(asked.headers, "Content-Type").value_or("");
    type = type.substr(0, type.find(';'));
    while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
    const auto encoding = find_header(asked.headers, "Content-Encoding");
    if (encoding && !is_same_name(*encoding, "identity"))
      return problem({errc::unsupported_media,
                      "The body must not be compressed.",
                      {{"Content-Encoding", "unsupported"}}},
                     asked);
    if (is_same_name(type, "application/json")) return std::nullopt;
    return problem({errc::unsupported_media,
                    "The body must be application/json.",
                    {{"Content-Type", type.empty() ? "required" : "unsupported"}}},
                   asked);
  }

  // A cursor is worth something only with the filter that it came from.
  static std::string cursor_purpose(const query& wanted) {
    return "cursor " + std::string{to_text(wanted.sort)} + " " +
           (wanted.parent ? to_string(*wanted.parent) : "-") + " " + wanted.content_id;
  }

  result<query> read_query(const request& asked) const {
    std::vector<violation> found;
    query wanted{.content_id = std::string{find_field(asked.query, "content_id").value_or("")}};
    wanted.limit = std::min(wanted.limit, service_.options().page_max);
    found = check_content_id(wanted.content_id, limits());
    if (const auto text = find_field(asked.query, "parent_id")) {
      wanted.scope = scope::replies;
      wanted.parent = parse_comment_id(*text);
      if (!wanted.parent) found.push_back({"parent_id", "format"});
    }
    if (const auto text = find_field(asked.query, "sort")) {
      const auto sort = parse<comments::sort>(*text);
      if (!sort) found.push_back({"sort", "unknown"});
      wanted.sort = sort.value_or(sort::oldest);
    }
    if (const auto text = find_field(asked.query, "limit")) {
      const auto number = parse_number<std::size_t>(*text);
      if (!number) found.push_back({"limit", "format"});
      if (number && (*number < 1 || *number > service_.options().page_max))
        found.push_back({"limit", "out_of_range"});
      wanted.limit = number.value_or(wanted.limit);
    }
    if (!found.empty()) return to_error(std::move(found));
    const auto text = find_field(asked.query, "cursor");
    if (text && !read_cursor(*text, wanted))
      return error{errc::malformed,
                   "The cursor is not one of ours, or of another list.",
                   {{"cursor", "unknown"}}};
    return wanted;
  }

  bool read_cursor(std::string_view text, query& wanted) const {
    const auto payload = sign_.verify(cursor_purpose(wanted), text);
    if (!payload) return false;
    const std::size_t space = payload->find(' ');
    const auto position = parse_number<std::int64_t>(std::string_view{*payload}.substr(0, space));
    const auto votes = parse_number<std::int64_t>(std::string_view{*payload}.substr(space + 1));
    if (!position || !votes) return false;
    wanted.after = cursor{*position, *votes};
    return true;
  }

  template <typename Number>
  static std::optional<Number> parse_number(std::string_view text) {
    Number number{};
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
  }

  // The same request for the next page (RFC 8288).
  static std::string next_link(const request& asked, std::string_view next) {
    std::string link = "<" + asked.prefix + "/api/v1/comments?";
    for (const auto& [name, value] : asked.query)
      if (name != "cursor") link += percent_encode(name) + "=" + percent_encode(value) + "&";
    return link + "cursor=" + percent_encode(next) + ">; rel=\"next\"";
  }

  static response answer_with(std::string body) {
    return {.headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
            .body = std::move(body)};
  }

  // A list as it stood at a version of its content. The same target at the same version is the
  // same list, so it is kept under its target: nobody reads the query of one that is known.
  struct kept_list {
    std::int64_t version{};
    std::string etag{};
    std::string link{};  // to the next page, if there is one
    std::string body{};
  };

  // The content itself, which anybody may comment on: version 0 if nobody has.
  result<content> find_home(const std::string& content_id) const {
    auto found = service_.contents({&content_id, 1});
    if (!found) return std::move(found).error();
    return std::move(found->front());
  }

  static std::string name_of(const request& asked) { return asked.prefix + ' ' + asked.target; }

  std::shared_ptr<const kept_list> find_kept(const std::string& name, std::int64_t version) const {
    return pages_.find(name, [version](const kept_list& kept) { return kept.version == version; });
  }

  // Contents that nobody commented on are not kept: anybody can name any number of them.
  std::shared_ptr<const kept_list> keep(const std::string& name, kept_list made) const {
    made.body.shrink_to_fit();
    const std::size_t bytes = made.etag.size() + made.link.size() + made.body.size();
    auto kept = std::make_shared<const kept_list>(std::move(made));
    if (kept->version > 0) pages_.put(name, kept, bytes);
    return kept;
  }

  // Hidden addresses make another representation, so they need another tag.
  std::string original_etag(std::int64_t version) const {
    return '"' + std::to_string(version) + (options_.hide_original_emails ? "-hidden\"" : "\"");
  }

  static response original_not_found(const std::string& content_id) {
    response answer = answer_with(json::encode_original_not_found(content_id));
    answer.status = 404;
    return answer;
  }

  // The original list from the store: whole, or its first pieces and a stream of the others.
  response read_original(const request& asked, const std::string& content_id) const {
    const auto list =
        std::make_shared<original_list>(service_, content_id, options_.hide_original_emails);
    std::string body;
    for (piece next; next.then == piece::state::more && body.size() < whole_list_bytes_max;) {
      next = list->next();
      if (next.then == piece::state::broken) return problem(list->why(), asked);
      body += next.bytes;
    }
    const std::int64_t version = list->home()->version;
    const std::string etag = original_etag(version);
    if (has_etag(asked_etags(asked), etag)) return not_modified(etag);
    if (list->is_over() && list->is_of_one_version())
      return fresh(asked, *keep(name_of(asked), {version, etag, {}, std::move(body)}));
    response answer = fresh(etag, std::move(body));
    if (!list->is_over()) answer.rest = [list](const auto&) { return list->next(); };
    return answer;
  }

  static std::string_view asked_etags(const request& asked) {
    return find_header(asked.headers, "If-None-Match").value_or("");
  }

  // The client has this version already. Caches ask each time.
  static response not_modified(const std::string& etag) {
    return {.status = 304, .headers = {{"ETag", etag}, {"Cache-Control", "no-cache"}}};
  }
  static response fresh(const std::string& etag, std::string body) {
    return {.headers = {{"ETag", etag},
                        {"Cache-Control", "no-cache"},
                        {"Content-Type", "application/json"}},
            .body = std::move(body)};
  }
  response fresh(const request& asked, const kept_list& kept) const {
    if (has_etag(asked_etags(asked), kept.etag)) return not_modified(kept.etag);
    const auto packed = find_packed(asked, kept);
    response answer = fresh(kept.etag, packed ? packed->body : kept.body);
    if (packed) answer.headers.emplace_back("Content-Encoding", "gzip");
    if (!kept.link.empty()) answer.headers.emplace_back("Link", kept.link);
    return answer;
  }

  // The same list packed, once for all who take it so; null where it is better sent as it is.
  std::shared_ptr<const kept_list> find_packed(const request& asked, const kept_list& kept) const {
    const bool is_worth_it = kept.body.size() >= gzip_bytes_min &&
                             takes_gzip(find_header(asked.headers, "Accept-Encoding").value_or(""));
    if (!is_worth_it) return nullptr;
    const std::string name = name_of(asked) + " gzip";
    if (auto known = find_kept(name, kept.version)) return known;
    std::string packed = gzip(kept.body);
    if (packed.empty()) return nullptr;
    return keep(name, {.version = kept.version, .body = std::move(packed)});
  }

  service& service_;
  const route_options options_;
  const auth::signer sign_;
  mutable cache<kept_list> pages_;
};

// The whole API, ready to be mounted: every route, inside its middleware.
inline handler routes(service& service, route_options options = {}) {
  const auto answers = std::make_shared<const api>(service, options);
  auto table = std::make_shared<router>();
  const auto add = [&](std::string_view pattern, response (api::*answer)(request) const) {
    table->add(pattern, [answers, answer](request&& asked) {
      return ((*answers).*answer)(std::move(asked));
    });
  };
  add("POST /api/comment/new", &api::post_original);
  add("GET /api/comment/list/{content_id}", &api::list_original);
  add("GET /api/v1/comments", &api::list);
  add("POST /api/v1/comments", &api::post);
  add("GET /api/v1/comments/{id}", &api::find);
  add("GET /api/v1/counts", &api::count);
  add("GET /api/v1/contents/{content_id}", &api::find_content);
  add("GET /healthz", &api::health);
  add("GET /readyz", &api::readiness);
  add("GET /version", &api::version);
  add("GET /metrics", &api::metrics);
  handler inner = [table](request&& asked) { return (*table)(std::move(asked)); };
  inner = with_limits(with_guard(with_gzip(std::move(inner))), options.limits);
  inner = with_observer(std::move(inner), service.metrics(), options.observe);
  return with_request_id(std::move(inner), options.limits);
}

}  // namespace comments::http
