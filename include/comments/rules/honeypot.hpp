#pragma once
// rules/honeypot.hpp - what fills in a field that people do not see is no person.
//
// The form has a text field that its style sheet hides, with a name that machines like to fill in.
//
//   options.rules.push_back(rules::honeypot());

#include <comments/moderation.hpp>

namespace comments::rules {

// A draft that came with the hidden field filled in is spam.
inline rule honeypot() {
  return [](const draft&, const arrival& how) {
    return how.is_honeypot_filled ? as_spam("trap field filled") : accept();
  };
}

}  // namespace comments::rules
