#pragma once
// rules/typing_time.hpp - people take a while to write; programs do not.
//
// The form carries the signed time at which it was shown (`auth::make_form_token`). Who has no such
// time, or one that a person would hardly have, waits for a moderator.
//
//   options.rules.push_back(rules::typing_time({.least = std::chrono::seconds{3}}));

#include <comments/moderation.hpp>

#include <chrono>

namespace comments::rules {

struct typing_time_options {
  std::chrono::milliseconds least{std::chrono::seconds{3}};  // equal is accepted
  std::chrono::milliseconds most{std::chrono::hours{24}};    // equal is accepted
};

// A draft from a form that was shown less than `least` ago is spam, and so is one from a form of
// the future; one from a form older than `most`, or from no form of ours, is held.
inline rule typing_time(typing_time_options options = {}) {
  return [options](const draft&, const arrival& how) {
    if (how.is_edit) return accept();
    if (!how.form_shown_at) return hold("no form time");
    if (*how.form_shown_at > how.now - options.least) return as_spam("written too fast");
    if (*how.form_shown_at < how.now - options.most) return hold("form too old");
    return accept();
  };
}

}  // namespace comments::rules
