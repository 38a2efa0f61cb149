#pragma once
// testing/promise.hpp - tests of an interface that run under any framework, or under none.
//
// A promise is one sentence that every implementation of an interface must keep, and the code that
// tries it. Each is a type, so that a framework can make a test of it: testing/doctest.hpp,
// testing/gtest.hpp and testing/catch2.hpp do. A promise that is not kept throws `broken_promise`,
// which says where, what was compared, and with which values.
//
//   struct my_maker {                             // how a new and empty one is made
//     memory_store& store() { return kept; }
//     memory_store kept{};
//   };
//   using all = contract::store_promises;
//   for (const auto& one : contract::promises_of<all, my_maker>())
//     one.keep();                                 // or a framework does it

#include <comments/ostream.hpp>
#include <comments/result.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <ranges>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace comments::inline v0::contract {

class broken_promise final : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

// A new and empty implementation of `Port`, which has nothing in common with any other.
template <typename Port>
class fresh {
 public:
  fresh() = default;
  fresh(const fresh&) = delete;
  fresh& operator=(const fresh&) = delete;
  virtual ~fresh() = default;

  virtual Port& store() = 0;  // the same until `reopen`
  // Closes it and opens it again. Promises of what is durable call this, and no others.
  virtual void reopen() = 0;
};

template <typename Port>
using maker = std::function<std::unique_ptr<fresh<Port>>()>;

// Makes what a type of your own makes: its function `store` returns the implementation, and its
// function `reopen`, if there is one, closes and opens it.
template <typename Port, typename Maker>
maker<Port> made_by() {
  class adapted final : public fresh<Port> {
   public:
    Port& store() override { return made_.store(); }
    void reopen() override {
      if constexpr (requires(Maker & made) { made.reopen(); })
        made_.reopen();
      else
        throw broken_promise{"what makes it has no reopen()"};
    }

   private:
    Maker made_{};
  };
  return [] { return std::make_unique<adapted>(); };
}

template <typename Promise, typename Maker>
void keep() {
  Promise::try_on(made_by<typename Promise::port, Maker>());
}

// A promise as a value, for frameworks that make tests at run time.
struct promise {
  std::string_view name{};       // an identifier
  std::string_view sentence{};   // what is promised
  std::function<void()> keep{};  // tries it; throws broken_promise
};

// All promises of a list, such as `store_promises`, about what `make` makes.
template <typename List, typename Port>
std::vector<promise> promises_of(const maker<Port>& make) {
  return [&]<typename... Promises>(std::type_identity<std::tuple<Promises...>>) {
    return std::vector<promise>{
        {Promises::name(), Promises::sentence(), [make] { Promises::try_on(make); }}...};
  }(std::type_identity<List>{});
}
template <typename List, typename Maker>
std::vector<promise> promises_of() {
  using port = typename std::tuple_element_t<0, List>::port;
  return promises_of<List>(made_by<port, Maker>());
}

// -- what promises are written with

// Where a function was called from.
struct place {
  const char* file{};
  int line{};

  static constexpr place here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    return {file, line};
  }
};

template <typename T>
void show(std::ostream& to, const T& value) {
  if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    to << '"' << std::string_view{value} << '"';
  } else if constexpr (std::is_same_v<T, bool>) {
    to << (value ? "true" : "false");
  } else if constexpr (requires { to << value; }) {
    to << value;
  } else if constexpr (std::ranges::input_range<const T&>) {
    to << '[';
    std::string_view before;
    for (const auto& one : value) {
      to << std::exchange(before, ", ");
      show(to, one);
    }
    to << ']';
  } else if constexpr (requires { value.has_value(); }) {
    value.has_value() ? show(to, *value) : void(to << "nothing");
  } else {
    to << "(a value that cannot be shown)";
  }
}

// What else is true where a check fails: which row of a table, which turn of a loop.
class note final {
 public:
  template <typename T>
  note(std::string_view name, const T& value) {
    std::ostringstream text;
    text << name << " = ";
    show(text, value);
    all().push_back(std::move(text).str());
  }
  ~note() { all().pop_back(); }
  note(const note&) = delete;
  note& operator=(const note&) = delete;

  // Those of this thread.
  static std::vector<std::string>& all() {
    thread_local std::vector<std::string> notes;
    return notes;
  }
};

[[noreturn]] inline void fail(place at, std::string_view what, std::string_view seen = {}) {
  std::ostringstream text;
  text << at.file << ':' << at.line << ": " << what;
  if (!seen.empty()) text << "\n  with " << seen;
  for (const std::string& one : note::all()) text << "\n  where " << one;
  throw broken_promise{std::move(text).str()};
}

// Both sides of a comparison, as far as it has two.
struct compared {
  bool holds{};
  std::string seen{};
};

template <typename Left, typename Right>
compared show_both(bool holds, const Left& left, std::string_view how, const Right& right) {
  if (holds) return {true, {}};
  std::ostringstream text;
  show(text, left);
  text << ' ' << how << ' ';
  show(text, right);
  return {false, std::move(text).str()};
}

// What stands left of a comparison. Whole numbers are compared by value, whatever their types.
template <typename Left>
struct left_side {
  const Left& left;

  operator compared() const { return {static_cast<bool>(left), {}}; }

  template <typename Right>
  compared operator==(const Right& right) const {
    return show_both(is_equal(right), left, "==", right);
  }
  template <typename Right>
  compared operator!=(const Right& right) const {
    return show_both(!is_equal(right), left, "!=", right);
  }
  template <typename Right>
  compared operator<(const Right& right) const {
    return show_both(is_less(left, right), left, "<", right);
  }
  template <typename Right>
  compared operator<=(const Right& right) const {
    return show_both(!is_less(right, left), left, "<=", right);
  }
  template <typename Right>
  compared operator>(const Right& right) const {
    return show_both(is_less(right, left), left, ">", right);
  }
  template <typename Right>
  compared operator>=(const Right& right) const {
    return show_both(!is_less(left, right), left, ">=", right);
  }

 private:
  template <typename Right>
  bool is_equal(const Right& right) const {
    if constexpr (std::is_integral_v<Left> && std::is_integral_v<Right>)
      return std::cmp_equal(number(left), number(right));
    else
      return left == right;
  }
  template <typename A, typename B>
  static bool is_less(const A& a, const B& b) {
    if constexpr (std::is_integral_v<A> && std::is_integral_v<B>)
      return std::cmp_less(number(a), number(b));
    else
      return a < b;
  }
  // std::cmp_equal takes no bool and no char.
  template <typename T>
  static auto number(T value) {
    if constexpr (sizeof(T) == 1)
      return static_cast<int>(value);
    else
      return value;
  }
};

struct left_of {
  template <typename Left>
  left_side<Left> operator<<(const Left& left) const {
    return {left};
  }
};

inline void check(place at, std::string_view what, const compared& seen) {
  if (!seen.holds) fail(at, what, seen.seen);
}

// The value of an answer that must be one.
template <typename T>
T must(result<T> answer, place at = place::here()) {
  if (!answer) fail(at, "an answer must be a value", to_string(answer.error()));
  return std::move(*answer);
}

}  // namespace comments::inline v0::contract

// Names a promise of implementations of `Port`; its code stands behind it in braces, and has
// `make`, a `maker<Port>`.
#define COMMENTS_PROMISE(Port, id, text)                                    \
  struct id final {                                                         \
    using port = Port;                                                      \
    static constexpr std::string_view name() { return #id; }                \
    static constexpr std::string_view sentence() { return text; }           \
    static void try_on(const ::comments::contract::maker<Port>& make) {     \
      const ::comments::contract::note promised{"the promise", sentence()}; \
      hold(make);                                                           \
    }                                                                       \
    static void hold(const ::comments::contract::maker<Port>& make);        \
  };                                                                        \
  inline void id::hold(const ::comments::contract::maker<Port>& make)

// Ends the promise as broken unless the expression is true. One with && or || needs parentheses of
// its own.
#define COMMENTS_CHECK(...)                                                      \
  do {                                                                           \
    COMMENTS_COMPARED_BEGIN                                                      \
    ::comments::contract::check({__FILE__, __LINE__}, #__VA_ARGS__,              \
                                ::comments::contract::left_of{} << __VA_ARGS__); \
    COMMENTS_COMPARED_END                                                        \
  } while (false)

// clang takes `left_of{} << a == b` for a slip.
#ifdef __clang__
#define COMMENTS_COMPARED_BEGIN    \
  _Pragma("clang diagnostic push") \
      _Pragma("clang diagnostic ignored \"-Woverloaded-shift-op-parentheses\"")
#define COMMENTS_COMPARED_END _Pragma("clang diagnostic pop")
#else
#define COMMENTS_COMPARED_BEGIN
#define COMMENTS_COMPARED_END
#endif
