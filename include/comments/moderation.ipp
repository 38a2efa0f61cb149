#pragma once
// moderation.ipp - definitions of moderation.hpp.

#include <comments/moderation.hpp>

#include <comments/guarded.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace comments {

COMMENTS_INLINE verdict accept() { return {}; }
COMMENTS_INLINE verdict hold(std::string reason) { return {action::hold, std::move(reason), {}}; }
COMMENTS_INLINE verdict as_spam(std::string reason) {
  return {action::spam, std::move(reason), {}};
}
COMMENTS_INLINE verdict refuse(std::vector<violation> violations, std::string reason) {
  return {action::refuse, std::move(reason), std::move(violations)};
}

COMMENTS_INLINE result<verdict> judge(std::span<const rule> rules, const draft& draft,
                                      const arrival& how) {
  verdict sum;
  for (const rule& ask : rules) {
    auto found = guarded([&] { return ask(draft, how); });
    if (!found) return error{errc::unavailable, "A rule failed."};
    sum.action = std::max(sum.action, found->action);
    std::ranges::move(found->violations, std::back_inserter(sum.violations));
    if (found->action == action::accept || found->reason.empty()) continue;
    sum.reason += sum.reason.empty() ? found->reason : ", " + found->reason;
  }
  return sum;
}

}  // namespace comments
