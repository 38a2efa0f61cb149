#pragma once
// moderation.hpp - what moderators may do to a comment, and the rules that judge a draft before
// one.
//
// A rule is a function of a draft and of how it came; it answers with a verdict. All rules are
// asked, and the worst verdict wins: a draft is stored as published, as pending or as spam, or
// refused.
//
//   const std::vector<rule> rules{[](const draft& written, const arrival&) {
//     return written.body.size() < 3 ? hold("short") : accept();
//   }};
//   const verdict found = judge(rules, written, {.now = clock(), .client = "…"});

#include <comments/clock.hpp>
#include <comments/comment.hpp>
#include <comments/result.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments {

// What a moderator decides about a comment. `remove` erases it; nothing brings it back.
enum class decision { approve, hold, spam, remove };

constexpr std::array<std::string_view, 4> names_of(decision) {
  return {"approve", "hold", "spam", "remove"};
}

// Every legal move: where `decision` takes a comment that is at a status. Nothing where there is
// nothing to decide; only approving what is published means something, namely that the reports
// against it are settled.
inline constexpr std::array<std::array<std::optional<status>, 4>, 4> moves{{
    // approve, hold, spam, remove
    {status::published, status::pending, status::spam, status::removed},  // published
    {status::published, std::nullopt, status::spam, status::removed},     // pending
    {status::published, status::pending, std::nullopt, status::removed},  // spam
    {std::nullopt, std::nullopt, std::nullopt, std::nullopt},             // removed
}};

// Where `what` takes a comment that is at `from`; nothing if that is no legal move.
constexpr std::optional<status> move(status from, decision what) {
  return moves[static_cast<std::size_t>(from)][static_cast<std::size_t>(what)];
}

// What becomes of a draft, from best to worst.
enum class outcome { accept, hold, spam, refuse };

constexpr std::array<std::string_view, 4> names_of(outcome) {
  return {"accept", "hold", "spam", "refuse"};
}

// What a rule says. `reason` is for moderators: a few words; `violations` are for the author, and
// only a refusal has them.
struct verdict {
  comments::outcome outcome{};
  std::string reason{};
  std::vector<violation> violations{};

  friend bool operator==(const verdict&, const verdict&) = default;
};

inline verdict accept() { return {}; }
inline verdict hold(std::string reason) { return {outcome::hold, std::move(reason), {}}; }
inline verdict as_spam(std::string reason) { return {outcome::spam, std::move(reason), {}}; }
inline verdict refuse(std::vector<violation> violations, std::string reason = {}) {
  return {outcome::refuse, std::move(reason), std::move(violations)};
}

// The status under which a draft is stored; nothing if it is refused.
constexpr std::optional<status> to_status(outcome what) {
  constexpr std::array<std::optional<status>, 4> statuses{status::published, status::pending,
                                                          status::spam, std::nullopt};
  return statuses[static_cast<std::size_t>(what)];
}

// How a draft came: all that a rule sees beside the draft itself.
struct arrival {
  instant now{};
  std::string client{};                    // a keyed hash of its address; empty: not known
  bool is_honeypot_filled{};               // in a field of the form that people do not see
  std::optional<instant> form_shown_at{};  // by our own signed time; none, or forged: nothing
  bool is_edit{};                          // of a comment that is there: no form was shown for it
};

// Judges a draft that is valid. Must be safe to call from any thread, and quick: the client waits.
using rule = std::function<verdict(const draft&, const arrival&)>;

// What all `rules` together say about `draft`: the worst of their verdicts, every violation, and
// the reasons of all that did not accept, in the order of the rules, joined by ", ".
inline verdict judge(std::span<const rule> rules, const draft& draft, const arrival& how) {
  verdict sum;
  for (const rule& ask : rules) {
    verdict one = ask(draft, how);
    sum.outcome = std::max(sum.outcome, one.outcome);
    std::ranges::move(one.violations, std::back_inserter(sum.violations));
    if (one.outcome == outcome::accept || one.reason.empty()) continue;
    sum.reason += sum.reason.empty() ? one.reason : ", " + one.reason;
  }
  return sum;
}

}  // namespace comments
