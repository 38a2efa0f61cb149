#pragma once
// rules/typing_time.hpp - finds programs by how fast they write.
//
// The form has the signed time at which it was shown (`auth::make_form_token`). A person takes a
// while to write, and does not take days.
//
//   options.rules.push_back(rules::typing_time({.least = std::chrono::seconds{3}}));

#include <comments/moderation.hpp>

#include <chrono>

namespace comments::inline v0::rules {

struct typing_time_options {
  std::chrono::milliseconds least{std::chrono::seconds{3}};  // exactly this is accepted
  std::chrono::milliseconds most{std::chrono::hours{24}};    // exactly this is accepted
  bool is_form_needed{true};  // a draft without a form's time, as from an app, waits
};

// Returns the rule that judges how long ago the form was shown. Less than `least`, or a time in the
// future, is spam. More than `most`, or no signed time where one is needed, holds the draft. Edits
// are accepted: no form was shown for them.
inline rule typing_time(typing_time_options options = {}) {
  return [options](const draft&, const arrival& how) {
    if (how.is_edit) return accept();
    if (!how.form_shown_at) return options.is_form_needed ? hold("no form time") : accept();
    if (*how.form_shown_at > how.now - options.least) return as_spam("written too fast");
    if (*how.form_shown_at < how.now - options.most) return hold("form too old");
    return accept();
  };
}

}  // namespace comments::inline v0::rules
