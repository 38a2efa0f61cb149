#pragma once
// testing/matchers.hpp - what a test expects of a result, in one comparison.
//
// Compare with these by `==`: doctest and Catch2 by CHECK, GoogleTest by EXPECT_EQ. Both sides are
// printed in words when they differ.
//
//   assert(api.post({.content_id = "1"}) == fails_with(errc::invalid, "/body"));
//   assert(api.find(comment_id{}) == fails_with(errc::not_found));
//   assert(api.list({.content_id = "1"}) == succeeds());
//   assert(api.post({.content_id = "1", .body = "Oi"}) == has_status(status::published));

#include <comments/comment.hpp>
#include <comments/ostream.hpp>
#include <comments/result.hpp>
#include <comments/store.hpp>

#include <algorithm>
#include <ostream>
#include <string>
#include <utility>

namespace comments::inline v0 {

struct expected_success {
  template <typename T>
  friend bool operator==(const result<T>& answer, const expected_success&) {
    return answer.has_value();
  }
  friend std::ostream& operator<<(std::ostream& to, const expected_success&) {
    return to << "any value";
  }
};

struct expected_failure {
  errc code{};
  std::string pointer{};  // of one violation at least; empty: whatever they are

  template <typename T>
  friend bool operator==(const result<T>& answer, const expected_failure& wanted) {
    if (answer || answer.error().code != wanted.code) return false;
    const auto& all = answer.error().violations;
    return wanted.pointer.empty() ||
           std::ranges::find(all, wanted.pointer, &violation::pointer) != all.end();
  }
  friend std::ostream& operator<<(std::ostream& to, const expected_failure& wanted) {
    to << "an error " << wanted.code;
    return wanted.pointer.empty() ? to : to << " about " << wanted.pointer;
  }
};

struct expected_status {
  status wanted{};

  friend bool operator==(const result<comment>& answer, const expected_status& of) {
    return answer && answer->status == of.wanted;
  }
  friend bool operator==(const result<post_result>& answer, const expected_status& of) {
    return answer && answer->stored.status == of.wanted;
  }
  friend std::ostream& operator<<(std::ostream& to, const expected_status& of) {
    return to << "a comment that is " << of.wanted;
  }
};

// A value, whichever.
inline expected_success succeeds() { return {}; }

// This error, and with `pointer` a violation of that field, such as "/body".
inline expected_failure fails_with(errc code, std::string pointer = {}) {
  return {code, std::move(pointer)};
}

// A comment with this status, posted or found.
inline expected_status has_status(status wanted) { return {wanted}; }

}  // namespace comments::inline v0
