#pragma once
// feed/document.hpp - a content's latest comments as a feed, before it is written in a format.
//
// A feed has no absolute address: the library does not know the name of its host, and a client can
// write anything into the Host header. Links are paths, relative to where the feed came from.
//
//   using namespace comments;
//   const json::style style{[](const comment& written) { return written.author.name; }};
//   const page latest{.content = {.content_id = "1"}};
//   const feed::document made =
//       feed::make_document(latest, style, "urn:uuid:17", "/api/v1/feed?content_id=1", instant{});

#include <comments/clock.hpp>
#include <comments/comment.hpp>
#include <comments/config.hpp>
#include <comments/id.hpp>
#include <comments/json/encode.hpp>
#include <comments/store.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace comments::inline v0::feed {

// The most code points of a title; a longer one is cut and ends in "…".
inline constexpr std::size_t title_max = 80;

struct entry {
  std::string id{};
  std::string title{};
  std::string author{};                      // a name, never an address
  std::string html{};                        // safe to put into a page as it is
  std::string link{};                        // the comment itself, as JSON
  std::optional<std::string> in_reply_to{};  // the id of the entry that it answers
  instant published{};
  std::optional<instant> edited{};
};

struct document {
  std::string id{};  // a URI that never changes
  std::string title{};
  std::string link{};  // the feed itself
  instant updated{};
  std::vector<entry> entries{};  // newest first
};

// Returns "urn:uuid:" and the id (RFC 9562, section 4).
std::string to_urn(const comment_id& id);

// Returns the text of `html` on one line: without tags, with the entities of `escape_html` decoded
// and a single space for each run of characters that are not visible, and cut at `title_max`.
std::string to_line(std::string_view html);

// `prefix` is where the API is mounted.
entry make_entry(const comment& comment, const json::style& style, std::string_view prefix);

// `page` is newest first; `id` and `link` are the feed's, and `updated` is when it last changed.
document make_document(const page& page, const json::style& style, std::string id, std::string link,
                       instant updated, std::string_view prefix = {});

}  // namespace comments::inline v0::feed

#ifndef COMMENTS_COMPILED
#include <comments/feed/document.ipp>
#endif
