#pragma once
// store/postgres/values.ipp - definitions of store/postgres/values.hpp.

#include <comments/store/postgres/values.hpp>

#include <libpq-fe.h>

namespace comments::inline v0::postgres {

COMMENTS_INLINE int rows::size() const { return PQntuples(found_); }

COMMENTS_INLINE bool rows::is_null(int row, int column) const {
  return PQgetisnull(found_, row, column) != 0;
}

COMMENTS_INLINE std::string rows::text(int row, int column) const {
  const auto length = static_cast<std::size_t>(PQgetlength(found_, row, column));
  return {PQgetvalue(found_, row, column), length};
}

COMMENTS_INLINE std::int64_t rows::number(int row, int column) const {
  std::uint64_t number = 0;
  const char* const bytes = PQgetvalue(found_, row, column);
  for (int i = 0; i < PQgetlength(found_, row, column); ++i)
    number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return static_cast<std::int64_t>(number);
}

COMMENTS_INLINE bool rows::is_number(int column) const { return PQftype(found_, column) == 20; }

COMMENTS_INLINE bool rows::has_changed() const {
  const char* const count = PQcmdTuples(const_cast<PGresult*>(found_));
  return *count != '\0' && std::string_view{count} != "0";
}

COMMENTS_INLINE std::string_view rows::command() const {
  return PQcmdStatus(const_cast<PGresult*>(found_));
}

COMMENTS_INLINE void append_quoted(std::string& array, std::string_view element) {
  array += '"';
  for (;;) {
    const auto plain = element.find_first_of("\"\\");
    array.append(element.substr(0, plain));
    if (plain == element.npos) break;
    array.append({'\\', element[plain]});
    element.remove_prefix(plain + 1);
  }
  array += '"';
}

}  // namespace comments::inline v0::postgres
