#pragma once
// api/context.ipp - definitions of api/context.hpp.

#include <comments/api/context.hpp>

#include <comments/api/responses.hpp>

#include <algorithm>
#include <utility>

namespace comments::inline v0::http {

namespace detail {

inline std::string list_form(const json::style& style, const service_options& chosen) {
  std::string form = style.tag();
  form.append("-").append(std::to_string(chosen.page_max));
  form.append("-").append(std::to_string(chosen.page_bytes_max));
  return form.append("-").append(to_text(chosen.mode));
}

}  // namespace detail

COMMENTS_INLINE context::context(comments::service& service, route_options options)
    : service_{service},
      options_{std::move(options)},
      sign_{service.signing_key()},
      style_{[this](const comment& written) { return key_of(written); }, options_.body},
      list_form_{detail::list_form(style_, service.options())},
      rates_{std::make_shared<rate_limits>(options_.rates, service.options().clock)},
      proxies_{std::make_shared<proxy_watch>(options_.rates.trusted_proxies,
                                             options_.on_unheard_proxy)} {}

COMMENTS_INLINE comments::encoder context::encoder() const {
  return [this](const comment& written) { return json::encode_written(written, style_); };
}

COMMENTS_INLINE std::vector<allowance> allowances_of(const rate_options& rates,
                                                     const principal& caller) {
  std::vector<allowance> all;
  const rate& posts = rates.posts.per_minute > 0 ? rates.posts : rates.writes;
  if (posts.per_minute > 0) {
    if (!caller.client.empty()) all.push_back({caller.client, posts});
    if (!caller.network.empty()) all.push_back({caller.network, rate_of_network(rates, posts)});
  }
  if (rates.content_writes.per_minute > 0) all.push_back({{}, rates.content_writes});
  return all;
}

COMMENTS_INLINE std::size_t context::read_limit(const request& asked,
                                                std::vector<violation>& found) const {
  const std::size_t most = service_.options().page_max;
  const auto text = find_field(asked.query, "limit");
  if (!text) return std::min(query{}.limit, most);
  const auto number = parse_number<std::size_t>(*text);
  if (!number) found.push_back({"limit", "format"});
  if (number && (*number < 1 || *number > most)) found.push_back({"limit", "out_of_range"});
  return number.value_or(most);
}

COMMENTS_INLINE result<principal> context::identify(const request& asked,
                                                    std::optional<comment_id> editing) const {
  const auto header = find_header(asked.headers, "Authorization");
  const std::string network = network_key(asked.client);
  auto caller = proofs()->authenticate(
      {.header = header.value_or(""),
       .client = asked.client.empty() ? "" : sign_.keyed_hash("address", asked.client),
       .network = network.empty() ? "" : sign_.keyed_hash("network", network),
       .comment = editing,
       .may_guess = [&] { return rates_->check_tokens(asked.client).has_value(); }});
  if (caller) caller->browser = browser_of(asked);
  if (caller || caller.error().code == errc::edit_window_closed) return caller;
  if (auto counted = rates_->count_failed_token(asked.client); !counted)
    return std::move(counted).error();
  return caller;
}

COMMENTS_INLINE std::shared_ptr<const auth::bearer> context::proofs() const {
  const auto changing = options_.changing_secrets ? options_.changing_secrets->get() : nullptr;
  const mutex_lock lock{mutex_};
  if (!made_.proofs || made_.from != changing)
    made_ = {changing,
             std::make_shared<const auth::bearer>(sign_, changing ? *changing : options_.secrets,
                                                  service_.options().clock)};
  return made_.proofs;
}

COMMENTS_INLINE std::string context::browser_of(const request& asked) const {
  const auto proof = find_header(asked.headers, "Comments-Browser");
  return proof ? auth::browser_name(sign_, *proof, now()).value_or("") : "";
}

// The key is the same for what was proved to be of one author: everywhere by the account, if the
// host's site vouches for it, and within a content by the browser. Names and addresses prove
// nothing, so they have no part in it: a key that was made of an address would tell everyone who
// posts with a guess whether the guess is right.
COMMENTS_INLINE std::string context::key_of(const comment& written) const {
  if (written.author.verified) return sign_.keyed_hash("user", written.author.subject);
  if (written.browser.empty()) return sign_.keyed_hash("author of", to_string(written.id));
  return sign_.keyed_hash("browser in", written.browser + " " + written.content_id);
}

}  // namespace comments::inline v0::http
