#pragma once
// rules/honeypot.hpp - finds programs by a field of the form that people do not see.
//
// The form has a text field that its style sheet hides, with a name that attracts programs. A
// person leaves it empty, and a program that fills in every field does not.
//
//   options.rules.push_back(rules::honeypot());

#include <comments/moderation.hpp>

namespace comments::inline v0::rules {

// Returns the rule that takes a draft for spam if the hidden field came filled in.
inline rule honeypot() {
  return [](const draft&, const arrival& how) {
    return how.is_honeypot_filled ? as_spam("trap field filled") : accept();
  };
}

}  // namespace comments::inline v0::rules
