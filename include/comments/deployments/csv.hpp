#pragma once
// deployments/csv.hpp - the register of deployments as a spreadsheet, piece by piece, in
// little memory.
//
// CSV as RFC 4180 has it, in UTF-8 and with a byte order mark, by which spreadsheets know that it
// is. They also take a cell that begins with one of a few signs for a formula and run it; such a
// cell gets an apostrophe in front, which makes it text to them.
//
//   deployment_sheet sheet{service.deployments(), {.component = "comments"}, 10'000};
//   for (chunk next = sheet.next(); …; next = sheet.next()) send(next.bytes);

#include <comments/deployments/service.hpp>
#include <comments/http/message.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace comments::http {

// Whether a spreadsheet could take `cell` for something to run: the signs that formulas begin with,
// in the forms that Chinese and Japanese keyboards have for them, too, and what programs skip
// before one.
inline bool is_formula(std::string_view cell) {
  constexpr std::array<std::string_view, 11> signs{
      "=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"};
  return std::ranges::any_of(signs, [&](std::string_view sign) { return cell.starts_with(sign); });
}

// Appends one cell, quoted where it must be, and harmless.
inline void append_cell(std::string& to, std::string_view cell) {
  const bool is_plain = cell.find_first_of(",;\"\r\n\t") == cell.npos && !cell.starts_with(' ') &&
                        !cell.ends_with(' ');
  if (!is_plain) to += '"';
  if (is_formula(cell)) to += '\'';
  for (const char c : cell) to.append(c == '"' ? 2 : 1, c);
  if (!is_plain) to += '"';
}

// Appends a line of cells.
template <typename Cells>
void append_row(std::string& to, const Cells& cells) {
  for (bool is_first = true; const std::string_view cell : cells) {
    if (!std::exchange(is_first, false)) to += ',';
    append_cell(to, cell);
  }
  to += "\r\n";
}

// The register outlives it.
class deployment_sheet final {
 public:
  // At most `rows` records of those that `wanted` describes.
  deployment_sheet(const deployment_service& kept, deployment_query wanted, std::size_t rows)
      : kept_{kept}, wanted_{std::move(wanted)}, left_{rows} {}

  // The next page of records, `over` with the last, `broken` if the store cannot give the rest.
  chunk next() {
    chunk made;
    if (!std::exchange(is_begun_, true)) {
      constexpr std::string_view names[] = {"component", "version", "responsible", "status",
                                            "date",      "run",     "id"};
      append_row(made.bytes = "\ufeff", names);
    }
    wanted_.limit = std::min(left_, deployment_service::page_max);
    const auto page = kept_.list(wanted_);
    if (!page) {
      why_ = page.error();
      return {.then = chunk::state::broken};
    }
    for (const deployment& one : page->items) append(made.bytes, one);
    left_ -= std::min(left_, page->items.size());
    wanted_.before = page->next;
    if (!page->next || left_ == 0) made.then = chunk::state::over;
    return made;
  }

  // Why a piece is `broken`.
  const error& why() const { return why_; }

 private:
  static void append(std::string& to, const deployment& one) {
    const std::string date = to_rfc3339(one.date), id = to_string(one.id);
    append_row(to, std::array<std::string_view, 7>{one.component, one.version, one.responsible,
                                                   to_text(one.status), date, one.run, id});
  }

  const deployment_service& kept_;
  deployment_query wanted_;
  std::size_t left_;
  error why_{};
  bool is_begun_{};
};

}  // namespace comments::http
