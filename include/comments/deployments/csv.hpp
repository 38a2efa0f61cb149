#pragma once
// deployments/csv.hpp - the deployment log as a spreadsheet, as a series of chunks.
//
// The text is CSV (RFC 4180) in UTF-8 with a byte order mark, by which spreadsheet programs know
// the encoding. They take a cell that begins with certain signs for a formula and run it, so such a
// cell gets an apostrophe in front, which makes it text. The log is read page by page, so a sheet
// takes little memory however long it is.
//
//   memory_store store;
//   const deployment_service deployments{store, system_clock()};
//   http::deployment_csv sheet{deployments, {.component = "shop"}, 10'000};
//   std::string text;
//   for (http::chunk next; next.then == http::chunk::state::more;) {
//     next = sheet.next();
//     text += next.bytes;
//   }

#include <comments/config.hpp>
#include <comments/deployments/deployment.hpp>
#include <comments/deployments/deployment_log.hpp>
#include <comments/deployments/service.hpp>
#include <comments/http/message.hpp>
#include <comments/result.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace comments::inline v0::http {

// Returns whether a spreadsheet program may take `cell` for a formula: whether it begins with a
// sign of one, also in the full-width form of Chinese and Japanese keyboards, or with a character
// that programs skip.
bool is_formula(std::string_view cell);

// Appends one cell: quoted if it must be, and with an apostrophe if it is like a formula.
void append_cell(std::string& to, std::string_view cell);

// Used by one thread at a time. The service outlives it.
class deployment_csv final {
 public:
  // Of the records that `query` asks for, the first `rows`; its `limit` is ignored.
  deployment_csv(const deployment_service& deployments, deployment_query query, std::size_t rows);

  // Returns the next page of records as rows, and before the first a row of names: `over` with the
  // last rows, `broken`, and without bytes, if the log cannot be read.
  chunk next();

  // Returns why a chunk is `broken`.
  const error& why() const { return why_; }

 private:
  const deployment_service& deployments_;
  deployment_query query_;
  std::size_t rows_left_;
  error why_{};
  bool is_begun_{};
};

}  // namespace comments::inline v0::http

#ifndef COMMENTS_COMPILED
#include <comments/deployments/csv.ipp>
#endif
