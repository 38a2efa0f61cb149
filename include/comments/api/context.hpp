#pragma once
// api/context.hpp - what all routes share: the service, the options, who sent a request, and how
// comments look as JSON.
//
//   const http::context shared{service, http::route_options{}};
//   const http::request asked{.method = "GET", .target = "/api/v1/comments?limit=20"};
//   const result<principal> caller = shared.identify(asked);
//   if (!caller) return http::problem(caller.error(), asked);
//   return http::json_response(R"({"status":"ok"})");

#include <comments/api/route_options.hpp>
#include <comments/auth/bearer.hpp>
#include <comments/auth/signer.hpp>
#include <comments/clock.hpp>
#include <comments/config.hpp>
#include <comments/http/message.hpp>
#include <comments/http/proxies.hpp>
#include <comments/http/rate_limits.hpp>
#include <comments/id.hpp>
#include <comments/json/encode.hpp>
#include <comments/mutex.hpp>
#include <comments/principal.hpp>
#include <comments/result.hpp>
#include <comments/service.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace comments::inline v0::http {

// Returns the allowances that a new comment of `caller` takes from: of the client, of its network,
// of the content. The store counts them in the transaction that writes the comment, so they hold
// for all processes that write to it. A client that is not known has no allowance of its own.
std::vector<allowance> allowances_of(const rate_options& rates, const principal& caller);

// Safe to use from any thread. The service outlives it, and it outlives all routes.
class context final {
 public:
  context(comments::service& service, route_options options);
  context(const context&) = delete;
  context& operator=(const context&) = delete;

  comments::service& service() const { return service_; }
  const route_options& options() const { return options_; }
  const comments::limits& limits() const { return service_.options().limits; }
  const auth::signer& sign() const { return sign_; }
  const json::style& style() const { return style_; }
  const std::shared_ptr<rate_limits>& rates() const { return rates_; }
  const std::shared_ptr<proxy_watch>& proxies() const { return proxies_; }
  instant now() const { return service_.options().clock(); }

  // Returns the function that makes the part of a comment's JSON that is stored with it. It must
  // not outlive the context.
  comments::encoder encoder() const;

  // Returns the parameter `limit` of a list; without it 50, or `page_max` if that is less. If it is
  // not a number from 1 to `page_max`, adds the violation to `found`.
  std::size_t read_limit(const request& asked, std::vector<violation>& found) const;

  // Returns the version of what was just written, with the store's epoch as it was last seen.
  stamp stamp_of(const comment& written) const { return {written.version, service_.last_epoch()}; }

  // Returns the ETag of comments at this version, as they are written now.
  std::string etag_of(const stamp& of) const { return to_etag(of, style_.tag()); }
  // Returns the same of lists of comments, and what else makes a list what it is, which other
  // options would make another: how much a page may have, and the status of contents that have none
  // of their own.
  std::string etag_of_list(const stamp& of) const { return to_etag(of, list_form_); }
  const std::string& list_form() const { return list_form_; }

  // Returns the name of the browser that the header Comments-Browser proves; empty without one, and
  // with one that is too old or not ours.
  std::string browser_of(const request& asked) const;

  // Returns who sent the request, by its Authorization header, its address and its browser. Without
  // the header, or with one of another scheme than Bearer, it is anyone. An edit token counts only
  // for the comment `editing`. `unauthenticated` if the header proves nothing, `edit_window_closed`
  // if the edit token is too old, `rate_limited` if the client has sent too many wrong tokens.
  result<principal> identify(const request& asked, std::optional<comment_id> editing = {}) const;

 private:
  // The proofs of secrets that may have been replaced since.
  struct made_proofs {
    std::shared_ptr<const auth::secrets> from{};
    std::shared_ptr<const auth::bearer> proofs{};
  };

  std::shared_ptr<const auth::bearer> proofs() const COMMENTS_EXCLUDES(mutex_);
  std::string key_of(const comment& written) const;

  comments::service& service_;
  const route_options options_;
  const auth::signer sign_;
  const json::style style_;
  const std::string list_form_;
  mutable mutex mutex_{};
  mutable made_proofs made_ COMMENTS_GUARDED_BY(mutex_){};
  const std::shared_ptr<rate_limits> rates_;
  const std::shared_ptr<proxy_watch> proxies_;
};

}  // namespace comments::inline v0::http

#ifndef COMMENTS_COMPILED
#include <comments/api/context.ipp>
#endif
