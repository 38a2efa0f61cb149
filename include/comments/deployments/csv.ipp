#pragma once
// deployments/csv.ipp - definitions of deployments/csv.hpp.

#include <comments/deployments/csv.hpp>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

namespace comments::inline v0::http {

namespace detail {

inline void append_row(std::string& to, std::initializer_list<std::string_view> cells) {
  bool is_first = true;
  for (const std::string_view cell : cells) {
    if (!is_first) to += ',';
    is_first = false;
    append_cell(to, cell);
  }
  to += "\r\n";
}

inline void append_row(std::string& to, const deployment& step) {
  append_row(to, {step.component, step.version, step.responsible, to_text(step.status),
                  to_rfc3339(step.date), step.run, to_string(step.id)});
}

}  // namespace detail

COMMENTS_INLINE bool is_formula(std::string_view cell) {
  constexpr std::array<std::string_view, 11> signs{
      "=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"};
  return std::ranges::any_of(signs, [&](std::string_view sign) { return cell.starts_with(sign); });
}

COMMENTS_INLINE void append_cell(std::string& to, std::string_view cell) {
  const bool is_plain = cell.find_first_of(",;\"\r\n\t") == cell.npos && !cell.starts_with(' ') &&
                        !cell.ends_with(' ');
  if (!is_plain) to += '"';
  if (is_formula(cell)) to += '\'';
  for (const char c : cell) to.append(c == '"' ? 2 : 1, c);
  if (!is_plain) to += '"';
}

COMMENTS_INLINE deployment_csv::deployment_csv(const deployment_service& deployments,
                                               deployment_query query, std::size_t rows)
    : deployments_{deployments}, query_{std::move(query)}, rows_left_{rows} {}

COMMENTS_INLINE chunk deployment_csv::next() {
  query_.limit = std::min(rows_left_, deployment_service::page_max);
  const auto page = deployments_.list(query_);
  if (!page) {
    why_ = page.error();
    return {.then = chunk::state::broken};
  }
  chunk made;
  if (!is_begun_) {
    is_begun_ = true;
    made.bytes = "\ufeff";
    detail::append_row(made.bytes,
                       {"component", "version", "responsible", "status", "date", "run", "id"});
  }
  for (const deployment& step : page->items) detail::append_row(made.bytes, step);
  rows_left_ -= std::min(rows_left_, page->items.size());
  query_.before = page->next;
  if (!page->next || rows_left_ == 0) made.then = chunk::state::over;
  return made;
}

}  // namespace comments::inline v0::http
