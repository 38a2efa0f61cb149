#pragma once
// moderation.hpp - what moderators decide about comments, and the rules that judge drafts.
//
// A rule is a function of a draft and of how it came, and returns a verdict. All rules are asked,
// and the worst verdict wins: the draft is stored as published, as pending or as spam, or refused.
//
//   const std::vector<rule> rules{[](const draft& written, const arrival&) {
//     return written.body.size() < 3 ? hold("short") : accept();
//   }};
//   const result<verdict> sum = judge(rules, {.body = "Oi"}, {.now = system_clock()()});
//   assert(sum->action == action::hold && sum->reason == "short");

#include <comments/clock.hpp>
#include <comments/comment.hpp>
#include <comments/config.hpp>
#include <comments/result.hpp>

#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace comments::inline v0 {

// What a moderator decides about a comment. `remove` erases it, and nothing brings it back.
enum class decision { approve, hold, spam, remove };

constexpr std::array<std::string_view, 4> names_of(decision) {
  return {"approve", "hold", "spam", "remove"};
}

// Every legal move: the status that a decision gives to a comment of each status. To approve a
// published comment is legal, because it settles the reports against it.
inline constexpr std::array<std::array<std::optional<status>, 4>, 4> moves{{
    // approve, hold, spam, remove
    {status::published, status::pending, status::spam, status::removed},  // published
    {status::published, std::nullopt, status::spam, status::removed},     // pending
    {status::published, status::pending, std::nullopt, status::removed},  // spam
    {std::nullopt, std::nullopt, std::nullopt, std::nullopt},             // removed
}};

// Returns the status that `made` gives to a comment of status `from`; nothing if that is no legal
// move.
constexpr std::optional<status> move(status from, decision made) {
  return moves[static_cast<std::size_t>(from)][static_cast<std::size_t>(made)];
}

// What a rule wants done with a draft, from the best to the worst.
enum class action { accept, hold, spam, refuse };

constexpr std::array<std::string_view, 4> names_of(action) {
  return {"accept", "hold", "spam", "refuse"};
}

// What a rule says about a draft. `reason` is a few words for moderators; `violations` are for the
// author, and only a refusal has them. A rule that remembers drafts says how to `forget` this one;
// that is called if the draft is not stored, from any thread, and what it throws is lost. It does
// not count in a comparison.
struct verdict {
  comments::action action{};
  std::string reason{};
  std::vector<violation> violations{};
  std::function<void()> forget{};

  friend bool operator==(const verdict& a, const verdict& b) {
    return a.action == b.action && a.reason == b.reason && a.violations == b.violations;
  }
};

verdict accept();
verdict hold(std::string reason);
verdict as_spam(std::string reason);
verdict refuse(std::vector<violation> violations, std::string reason = {});

// Returns the status with which a draft is stored; nothing if it is refused.
constexpr std::optional<status> to_status(action taken) {
  constexpr std::array<std::optional<status>, 4> statuses{status::published, status::pending,
                                                          status::spam, std::nullopt};
  return statuses[static_cast<std::size_t>(taken)];
}

// How a draft came: all that a rule sees beside the draft itself.
struct arrival {
  instant now{};
  std::string client{};                    // a keyed hash of its address; empty: not known
  std::string network{};                   // the same of its IPv6 /48; empty: none
  bool is_client_shared{};                 // the address is that of a proxy that is not heard
  bool is_honeypot_filled{};               // a field of the form that people do not see
  std::optional<instant> form_shown_at{};  // as our own signature proves; none: not known
  bool is_legacy{};                        // by the legacy API, which has no forms
  bool is_edit{};                          // of a comment that is there: no form was shown for it
  std::string before{};                    // the text that an edit replaces
  // Whether moderators know the author: by an account or a browser, not by what anybody can claim.
  // Asks the store.
  std::function<result<bool>()> is_author_known{};
};

// Judges a valid draft. It must be safe to call from any thread, and quick, because a client waits.
using rule = std::function<verdict(const draft&, const arrival&)>;

// Returns what all `rules` together say about `draft`: the worst of their actions, every violation,
// and the reasons of all rules that did not accept, in the order of the rules, joined by ", ". If
// one refuses, all forget the draft. `unavailable` if a rule throws or is empty.
result<verdict> judge(std::span<const rule> rules, const draft& draft, const arrival& how);

}  // namespace comments::inline v0

#ifndef COMMENTS_COMPILED
#include <comments/moderation.ipp>
#endif
