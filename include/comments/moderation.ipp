#pragma once
// moderation.ipp - definitions of moderation.hpp.

#include <comments/moderation.hpp>

#include <comments/guarded.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace comments::inline v0 {

COMMENTS_INLINE verdict accept() { return {}; }
COMMENTS_INLINE verdict hold(std::string reason) {
  return {.action = action::hold, .reason = std::move(reason)};
}
COMMENTS_INLINE verdict as_spam(std::string reason) {
  return {.action = action::spam, .reason = std::move(reason)};
}
COMMENTS_INLINE verdict refuse(std::vector<violation> violations, std::string reason) {
  return {
      .action = action::refuse, .reason = std::move(reason), .violations = std::move(violations)};
}

namespace detail {

// Returns a function that calls both, of which each may be empty.
inline std::function<void()> both(std::function<void()> first, std::function<void()> then) {
  if (!first) return then;
  if (!then) return first;
  return [first = std::move(first), then = std::move(then)] {
    guarded(first);
    guarded(then);
  };
}

}  // namespace detail

COMMENTS_INLINE result<verdict> judge(std::span<const rule> rules, const draft& draft,
                                      const arrival& how) {
  verdict sum;
  for (const rule& ask : rules) {
    auto found = guarded([&] { return ask(draft, how); });
    if (!found) {
      if (sum.forget) guarded(sum.forget);
      return error{errc::unavailable, "A rule failed."};
    }
    sum.forget = detail::both(std::move(sum.forget), std::move(found->forget));
    sum.action = std::max(sum.action, found->action);
    for (violation& one : found->violations) sum.violations.push_back(std::move(one));
    if (found->action == action::accept || found->reason.empty()) continue;
    sum.reason += sum.reason.empty() ? found->reason : ", " + found->reason;
  }
  if (sum.action == action::refuse && sum.forget) guarded(sum.forget);
  return sum;
}

}  // namespace comments::inline v0
