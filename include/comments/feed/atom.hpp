#pragma once
// feed/atom.hpp - a feed as Atom (RFC 4287), with replies marked as RFC 4685 has it.
//
// XML 1.0 has no place for some characters that a comment may hold (U+FFFE, U+FFFF), not even
// escaped, and one of them would make the whole feed unreadable: they are written as U+FFFD. Only
// the definitions include pugixml.
//
//   using namespace comments;
//   const feed::document made{.id = "urn:uuid:17", .title = "Comments on 1"};
//   const std::string xml = feed::to_atom(made);  // of the type feed::atom_type

#include <comments/config.hpp>
#include <comments/feed/document.hpp>

#include <string>
#include <string_view>

namespace comments::inline v0::feed {

inline constexpr std::string_view atom_type = "application/atom+xml";

// Returns `text` with U+FFFD for what XML 1.0 cannot hold (section 2.2), and for what is not UTF-8.
std::string to_xml_text(std::string_view text);

// Returns the feed as XML in UTF-8. Its links must be percent-encoded already.
std::string to_atom(const document& from);

}  // namespace comments::inline v0::feed

#ifndef COMMENTS_COMPILED
#include <comments/feed/atom.ipp>
#endif
