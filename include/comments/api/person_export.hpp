#pragma once
// api/person_export.hpp - all comments, votes and reports of one person, as a series of chunks.
//
// The chunks are one JSON object: {"subject", "email", "comments": [...], "votes": [...],
// "reports": [...]}. It is read from the store page by page, so it takes little memory however much
// a person wrote.
//
//   const http::context shared{service, http::route_options{}};
//   const principal moderator{.role = principal::role::moderator};
//   http::person_export all{shared, {.email = "ana@example.com"}, moderator};
//   std::string text;
//   for (http::chunk next; next.then == http::chunk::state::more;) {
//     next = all.next();
//     text += next.bytes;
//   }

#include <comments/api/context.hpp>
#include <comments/config.hpp>
#include <comments/http/message.hpp>

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace comments::inline v0::http {

// Used by one thread at a time. The context outlives it.
class person_export final {
 public:
  static constexpr std::size_t page_max = 32;  // comments read at once: 1 MB if all are long

  // `caller` is the person or a moderator; for all others the first chunk is `broken`.
  person_export(const context& shared, person whose, principal caller);

  // Returns the next chunk: `over` with the last bytes, `broken`, and without bytes, if the store
  // cannot give the rest.
  chunk next();

 private:
  enum class part { comments, votes, reports, none };

  bool read_comments();
  // Reads votes or reports of the next of the person's accounts.
  template <typename Items>
  bool read_items(const result<Items>& found);
  bool read_votes();
  bool read_reports();
  void begin(part next, std::string_view name);

  const context& shared_;
  const principal caller_;
  search wanted_{};
  std::set<std::string> subjects_{};   // the person's accounts
  std::set<std::string> left_{};       // those of which more is to come in this part
  std::optional<comment_id> after_{};  // the last comment that was read of the first of these
  std::string ready_{};                // encoded, and not yet returned
  bool has_items_{};
  part part_{part::comments};
};

}  // namespace comments::inline v0::http

#ifndef COMMENTS_COMPILED
#include <comments/api/person_export.ipp>
#endif
