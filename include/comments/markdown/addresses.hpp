#pragma once
// markdown/addresses.hpp - addresses that stand in a text as they are, without any markup.
//
// A bare address ends where a reader sees it end: before a space, a quotation mark or a full stop
// of any script, and before a bracket that was opened in front of it. Brackets that are opened
// within it belong to it. What only ends a sentence ("?", ".", ",") is left out at its end.
//
//   using namespace comments;
//   const std::string_view text = "(see https://example.com/a_(b)).";
//   const auto found = markdown::find_address(text, text.find(':'));
//   assert(found && text.substr(found->begin, found->end - found->begin) ==
//                       "https://example.com/a_(b)");

#include <comments/config.hpp>

#include <cstddef>
#include <optional>
#include <string_view>

namespace comments::inline v0::markdown {

// The characters at which `find_address` may find one.
inline constexpr std::string_view address_signs = ":wW@";

struct bare_address {
  std::size_t begin{};
  std::size_t end{};
  std::string_view scheme{};  // what the text leaves out in front: "http://", "mailto:" or nothing
};

// Returns the address around the sign at `at`: one with http:// or https://, one that begins with
// "www.", or an e-mail address; nothing if there is none. It begins at most `local_bytes_max` in
// front of its sign. Where it finds none, it has looked at most at `host_bytes_max` bytes behind
// the sign, so a text is searched in a time that grows with its length.
std::optional<bare_address> find_address(std::string_view text, std::size_t at);

inline constexpr std::size_t local_bytes_max = 64;  // of an e-mail address, before its "@"
inline constexpr std::size_t host_bytes_max = 255;

}  // namespace comments::inline v0::markdown

#ifndef COMMENTS_COMPILED
#include <comments/markdown/addresses.ipp>
#endif
