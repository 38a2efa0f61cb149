#pragma once
// result.hpp - what a call that can fail returns: a value, or an error.
//
// `result<T>` has the names of C++23's std::expected<T, error>, as far as they are needed here.
// Functions of this library report failures by it and not by exceptions; the one exception that may
// pass is std::bad_alloc, and a function that throws another says so.
//
//   memory_store store;
//   const result<comment> found = store.find(comment_id{});
//   if (!found) assert(found.error().code == errc::not_found);

#include <array>
#include <cassert>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace comments::inline v0 {

// The kind of a failure: what the caller can do about it.
enum class errc {
  malformed,           // the text could not be read at all: JSON, cursor, percent-encoding
  invalid,             // read, but it breaks a rule: see error::violations
  unauthenticated,     // no proof, or a wrong one, of who is calling
  forbidden,           // known, and not allowed
  not_found,           // no such thing, or not for this caller
  conflict,            // the state of the thing forbids it
  edit_window_closed,  // its author's time to change it is over
  content_locked,      // the content takes no comments and no edits now
  version_mismatch,    // it changed since the version that the caller named
  key_reused,          // an idempotency key came back with another request
  rate_limited,        // too often; later it works
  unavailable,         // refused, and nothing was done: storage cannot do it now; later it works
  in_doubt,            // a write whose outcome is unknown: it may be done now or later, or never
};

constexpr std::array<std::string_view, 13> names_of(errc) {
  return {"malformed",        "invalid",    "unauthenticated",    "forbidden",
          "not_found",        "conflict",   "edit_window_closed", "content_locked",
          "version_mismatch", "key_reused", "rate_limited",       "unavailable",
          "in_doubt"};
}

// A broken rule. `pointer` is a JSON pointer (RFC 6901) into what was sent, or the bare name of a
// parameter; `code` is a stable word for programs: "required", "too_long", ...
struct violation {
  std::string pointer{};
  std::string code{};

  friend bool operator==(const violation&, const violation&) = default;
};

// What went wrong. `message` is one sentence for people. It never has SQL, paths of the server, the
// text of an exception or what a user wrote in it.
struct error {
  errc code{errc::unavailable};
  std::string message{};
  std::vector<violation> violations{};
  int retry_after_seconds{1};  // rate_limited, unavailable, in_doubt: when to try again

  friend bool operator==(const error&, const error&) = default;
};

// Returns an error for a log, or for a test that failed: "invalid: The draft breaks rules.
// (/body: required)".
std::string to_string(const error& why);

template <typename T>
class [[nodiscard]] result {
 public:
  using value_type = T;

  result(T value) : value_{std::move(value)} {}
  result(comments::error why) : error_{std::move(why)} {}

  bool has_value() const noexcept { return value_.has_value(); }
  explicit operator bool() const noexcept { return has_value(); }

  // Return the value. Calling them on an error is a mistake of the caller: an assertion fails, and
  // without assertions the behaviour is undefined.
  T& operator*() & { return *checked(); }
  const T& operator*() const& { return *checked(); }
  T&& operator*() && { return std::move(*checked()); }
  T* operator->() { return checked(); }
  const T* operator->() const { return checked(); }
  T& value() & { return *checked(); }
  const T& value() const& { return *checked(); }
  T&& value() && { return std::move(*checked()); }

  // Return the error. Calling them on a value is the same mistake.
  const comments::error& error() const& {
    assert(!has_value());
    return error_;
  }
  comments::error&& error() && {
    assert(!has_value());
    return std::move(error_);
  }

  T value_or(T fallback) && { return has_value() ? std::move(*checked()) : std::move(fallback); }

  // Calls `next` with the value and returns its result, or returns the error.
  template <typename Next>
  auto and_then(Next&& next) && {
    using other = std::remove_cvref_t<std::invoke_result_t<Next, T&&>>;
    if (!has_value()) return other{std::move(error_)};
    return std::forward<Next>(next)(std::move(*value_));
  }
  template <typename Next>
  auto and_then(Next&& next) const& {
    using other = std::remove_cvref_t<std::invoke_result_t<Next, const T&>>;
    if (!has_value()) return other{error_};
    return std::forward<Next>(next)(*value_);
  }

  // Returns what `change` makes of the value, or the error.
  template <typename Change>
  auto transform(Change&& change) && {
    using other = result<std::remove_cvref_t<std::invoke_result_t<Change, T&&>>>;
    if (!has_value()) return other{std::move(error_)};
    return other{std::forward<Change>(change)(std::move(*value_))};
  }
  template <typename Change>
  auto transform(Change&& change) const& {
    using other = result<std::remove_cvref_t<std::invoke_result_t<Change, const T&>>>;
    if (!has_value()) return other{error_};
    return other{std::forward<Change>(change)(*value_)};
  }

  // Calls `next` with the error and returns its result, or returns the value.
  template <typename Next>
  result or_else(Next&& next) && {
    return has_value() ? std::move(*this) : std::forward<Next>(next)(std::move(error_));
  }
  template <typename Next>
  result or_else(Next&& next) const& {
    return has_value() ? *this : std::forward<Next>(next)(error_);
  }

  // Returns the value, or what `change` makes of the error.
  template <typename Change>
  result transform_error(Change&& change) && {
    if (has_value()) return std::move(*this);
    return comments::error{std::forward<Change>(change)(std::move(error_))};
  }
  template <typename Change>
  result transform_error(Change&& change) const& {
    if (has_value()) return *this;
    return comments::error{std::forward<Change>(change)(error_)};
  }

  // Both have equal values, or both have equal errors.
  friend bool operator==(const result& a, const result& b) requires requires(const T& value) {
    value == value;
  }
  {
    if (a.has_value() != b.has_value()) return false;
    return a.has_value() ? *a.value_ == *b.value_ : a.error_ == b.error_;
  }

 private:
  T* checked() {
    assert(has_value());
    return &*value_;
  }
  const T* checked() const {
    assert(has_value());
    return &*value_;
  }

  // Not a std::variant, which costs the compiler much more.
  std::optional<T> value_{};
  comments::error error_{};  // means nothing if there is a value
};

// Success without a value.
struct done {
  friend bool operator==(const done&, const done&) = default;
};
inline result<done> ok() { return done{}; }

inline std::string to_string(const error& why) {
  std::string text{names_of(why.code)[static_cast<std::size_t>(why.code)]};
  if (!why.message.empty()) text.append(": ").append(why.message);
  for (const violation& broken : why.violations)
    text.append(" (").append(broken.pointer).append(": ").append(broken.code).append(")");
  return text;
}

}  // namespace comments::inline v0
