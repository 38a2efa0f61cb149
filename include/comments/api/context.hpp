#pragma once
// api/context.hpp - what all routes share: the service, who is asking, and how answers look.
//
//   const context shared{service, options};
//   const auto who = shared.identify(asked);
//   if (!who) return problem(who.error(), asked);
//   return fresh(to_etag(found.version), json::encode(found, shared.style()));

#include <comments/auth/bearer.hpp>
#include <comments/auth/signer.hpp>
#include <comments/deployments/deployment_log.hpp>
#include <comments/deployments/status.hpp>
#include <comments/http/cors.hpp>
#include <comments/http/message.hpp>
#include <comments/http/middleware.hpp>
#include <comments/http/problem.hpp>
#include <comments/http/rate_limits.hpp>
#include <comments/json/encode.hpp>
#include <comments/renderer.hpp>
#include <comments/service.hpp>
#include <comments/version.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <functional>
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

class context;

// A route that `routes` has not got by itself: a pattern of http/router.hpp, and what makes its
// handler, which may hold on to the context.
struct more_route {
  std::string pattern{};
  std::function<handler(const context&)> make{};
};

struct route_options {
  request_limits limits{};
  rate_options rates{};
  cors_options cors{};
  auth::secrets secrets{};
  renderer body{};            // how a comment's text becomes HTML
  bool hide_legacy_emails{};  // the original API publishes addresses; this sends "" instead
  build_info build{};
  std::size_t cache_bytes{67'108'864};  // what pages may take in memory; 0: each is made anew
  observer observe{};                   // hears of every answered request
  deployment_log* deployments{};        // without one there are no routes about deployments
  // Makes the page at /status; without it, or without deployments, there is none.
  std::function<response(const service_status&, const request&)> status_page{};
  std::vector<more_route> more{};  // served beside the API's own, inside the same middleware
};

// 415 unless the body says that it is JSON, in no encoding.
inline std::optional<response> refuse_media(const request& asked) {
  std::string_view type = find_header(asked.headers, "Content-Type").value_or("");
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  const auto encoding = find_header(asked.headers, "Content-Encoding");
  if (encoding && !is_same_name(*encoding, "identity"))
    return problem({request_errc::unsupported_media,
                    "The body must not be compressed.",
                    {{"Content-Encoding", "unsupported"}}},
                   asked);
  if (is_same_name(type, "application/json")) return std::nullopt;
  return problem({request_errc::unsupported_media,
                  "The body must be application/json.",
                  {{"Content-Type", type.empty() ? "required" : "unsupported"}}},
                 asked);
}

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

inline response answer_with(std::string body) {
  return {.headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
          .body = std::move(body)};
}

inline std::string key_of(const request& asked) {
  return std::string{find_header(asked.headers, "Idempotency-Key").value_or("")};
}

inline std::string_view asked_etags(const request& asked) {
  return find_header(asked.headers, "If-None-Match").value_or("");
}

// The client has this version already. Caches ask each time.
inline response not_modified(const std::string& etag) {
  return {.status = 304, .headers = {{"ETag", etag}, {"Cache-Control", "no-cache"}}};
}
inline response fresh(const std::string& etag, std::string body) {
  return {.headers = {{"ETag", etag},
                      {"Cache-Control", "no-cache"},
                      {"Content-Type", "application/json"}},
          .body = std::move(body)};
}

inline error bad_cursor() {
  return {errc::malformed,
          "The cursor is not one of ours, or of another list.",
          {{"cursor", "unknown"}}};
}

// Returns the versions that If-Match names (RFC 9110, section 13.1.1), of which one must stand.
// Empty, which is any version, without If-Match and for "*". A weak tag names no version.
inline std::vector<std::int64_t> expected_versions(const request& asked) {
  constexpr std::int64_t no_version = -1;  // so that a list without a tag of ours matches nothing
  const auto header = find_header(asked.headers, "If-Match");
  if (!header) return {};
  std::vector<std::int64_t> versions;
  for (std::string_view rest = *header; !rest.empty();) {
    const std::string_view item = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), item.size() + 1));
    const std::string_view tag = trim(item);
    if (tag == "*") return {};
    if (tag.size() < 3) continue;
    const auto version = parse_number<std::int64_t>(tag.substr(1, tag.size() - 2));
    if (version && to_etag(*version) == tag) versions.push_back(*version);
  }
  if (versions.empty()) versions.push_back(no_version);
  return versions;
}

// Returns what limits a comment of `client`. The store counts these in the transaction that writes
// the comment, so they hold for all processes that write to it. An empty `client` has no limit of
// its own.
inline std::vector<allowance> allowances_of(const rate_options& rates, std::string_view client) {
  std::vector<allowance> all;
  if (rates.writes.per_minute > 0 && !client.empty())
    all.push_back({std::string{client}, rates.writes});
  if (rates.content_writes.per_minute > 0) all.push_back({{}, rates.content_writes});
  return all;
}

// The service outlives it.
class context final {
 public:
  context(comments::service& service, route_options options)
      : service_{service},
        options_{std::move(options)},
        sign_{service.signing_key()},
        style_{[this](const author& author) { return key_of(author); }, options_.body},
        proofs_{sign_, options_.secrets, service.options().clock},
        rates_{std::make_shared<rate_limits>(options_.rates, service.options().clock)} {}
  context(const context&) = delete;
  context& operator=(const context&) = delete;

  comments::service& service() const { return service_; }
  const route_options& options() const { return options_; }
  const comments::limits& limits() const { return service_.options().limits; }
  const auth::signer& sign() const { return sign_; }
  const json::style& style() const { return style_; }
  // Makes the part of a comment's JSON that is kept with it. Valid as long as the context.
  comments::encoder encoder() const {
    return [this](const author& author, std::string_view body) {
      return json::encode_written(author, body, style_);
    };
  }
  const std::shared_ptr<rate_limits>& rates() const { return rates_; }
  instant now() const { return service_.options().clock(); }

  // The parameter `limit` of a list, 50 without it; noted if it is no number from 1 to `page_max`.
  std::size_t read_limit(const request& asked, std::vector<violation>& found) const {
    const std::size_t most = service_.options().page_max;
    const auto text = find_field(asked.query, "limit");
    if (!text) return std::min(query{}.limit, most);
    const auto number = parse_number<std::size_t>(*text);
    if (!number) found.push_back({"limit", "format"});
    if (number && (*number < 1 || *number > most)) found.push_back({"limit", "out_of_range"});
    return number.value_or(most);
  }

  // Who asks: by the Authorization header, which must be right if it is there, and by the address.
  // An edit token counts only for the comment `editing`. `unauthenticated`, `edit_window_closed`,
  // or `rate_limited` for who tried too many.
  result<principal> identify(const request& asked, std::optional<comment_id> editing = {}) const {
    const auto header = find_header(asked.headers, "Authorization");
    auto who = proofs_.authenticate(
        {.header = header.value_or(""),
         .client = asked.client.empty() ? "" : sign_.keyed_hash("address", asked.client),
         .comment = editing,
         .may_guess = [&] { return rates_->check_tokens(asked.client).has_value(); }});
    if (who || who.error().code == errc::edit_window_closed) return who;
    if (auto borne = rates_->count_failed_token(asked.client); !borne)
      return std::move(borne).error();
    return who;
  }

 private:
  // The same for each author of this store, and for nobody else: by the account, where the host's
  // site vouches for it; else by the e-mail address, else by the name.
  std::string key_of(const author& author) const {
    if (author.verified) return sign_.keyed_hash("user", author.subject);
    return sign_.keyed_hash("author", author.email.empty() ? author.name : author.email);
  }

  comments::service& service_;
  const route_options options_;
  const auth::signer sign_;
  const json::style style_;
  const auth::bearer proofs_;
  const std::shared_ptr<rate_limits> rates_;
};

}  // namespace comments::http
