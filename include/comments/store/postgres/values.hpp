#pragma once
// store/postgres/values.hpp - the parameters of PostgreSQL's statements, and the rows that they
// return.
//
// Both are TEXT or BIGINT, in PostgreSQL's binary form, so numbers need no parsing.
//
//   const std::string name = "Ana";
//   const postgres::parameter given[] = {name, std::int64_t{7}, {name, false}};  // "Ana", 7, NULL

#include <comments/config.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

struct pg_result;  // libpq's PGresult

namespace comments::inline v0::postgres {

// The answer to a statement. It points to what libpq keeps, which must live longer. Rows and
// columns count from 0; one that is not there is a mistake of the caller's.
class rows final {
 public:
  explicit rows(const pg_result* found) : found_{found} {}

  int size() const;
  bool empty() const { return size() == 0; }

  bool is_null(int row, int column) const;
  // Returns "" for NULL.
  std::string text(int row, int column) const;
  // Returns 0 for NULL. Of a column that is no BIGINT the number has no meaning.
  std::int64_t number(int row, int column) const;
  bool is_number(int column) const;

  // Returns whether an INSERT, UPDATE or DELETE changed any row.
  bool has_changed() const;
  // Returns the name of the command that was executed, as "SELECT 2" or "COMMIT".
  std::string_view command() const;

 private:
  const pg_result* found_;
};

// Appends a text as an element of an array, as PostgreSQL writes one: {"a","b \\" c"}.
void append_quoted(std::string& array, std::string_view element);

// A value for $1, $2 … in a statement. It points to the text that it was made from, which must live
// longer.
class parameter final {
 public:
  parameter(std::string_view text)
      : type_{25}, start_{text.empty() ? "" : text.data()}, size_{static_cast<int>(text.size())} {}
  parameter(const std::string& text) : parameter{std::string_view{text}} {}
  parameter(const char* text) : parameter{std::string_view{text}} {}
  parameter(std::int64_t number) : type_{20}, size_{8} {
    auto rest = static_cast<std::uint64_t>(number);
    for (std::size_t i = bytes_.size(); i-- > 0; rest >>= 8) bytes_[i] = static_cast<char>(rest);
  }
  // NULL of the value's type, unless `is_there`.
  template <typename T>
  parameter(const T& value, bool is_there) : parameter{value} {
    is_null_ = !is_there;
  }
  // NULL of the type that the statement expects.
  parameter(std::monostate) : type_{0}, size_{0}, is_null_{true} {}

  // As libpq takes them: the type's object identifier, the first byte (null for NULL), the length.
  unsigned int type() const { return type_; }
  const char* start() const {
    if (is_null_) return nullptr;
    return start_ ? start_ : bytes_.data();
  }
  int size() const { return size_; }

 private:
  unsigned int type_;
  const char* start_{};  // null where `bytes_` has the value
  int size_;
  std::array<char, 8> bytes_{};
  bool is_null_{};
};

}  // namespace comments::inline v0::postgres

#ifndef COMMENTS_COMPILED
#include <comments/store/postgres/values.ipp>
#endif
