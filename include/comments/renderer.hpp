#pragma once
// renderer.hpp - how the text of a comment becomes HTML.
//
// HTML is kept beside the text that it was made from, together with the name of its renderer. If
// another name stands there, another renderer or another version made it, and it is made again.
//
//   renderer plain;
//   assert(plain.to_html("a < b") == "<p>a &lt; b</p>\n");
//   renderer loud{"loud 1", [](std::string_view body) {
//     return "<b>" + escape_html(body) + "</b>";
//   }};
//   assert(to_plain_reader(loud)("1 < 2") == "1 < 2");

#include <comments/config.hpp>
#include <comments/text.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace comments::inline v0 {

// `to_html` takes any valid text and returns HTML that is well-formed on its own and runs no script
// in a reader's page. It is called from several threads at once. If it throws, the request that
// needed it fails. `name` holds no line break and no quotation mark.
struct renderer {
  std::string name{"plain 1"};
  std::function<std::string(std::string_view)> to_html{to_paragraphs};
};

// What a reader sees of a body, as plain text. For rules, which judge what is seen.
using plain_reader = std::function<std::string(std::string_view)>;

// Returns a reader of what `body` renders.
plain_reader to_plain_reader(renderer body);

// Returns the text of HTML that a renderer made: without tags, and with the characters that its
// references to characters stand for (numbers, and the names amp, lt, gt and quot). Elements that
// stand within a line leave nothing; others break the line.
std::string to_plain_text(std::string_view html);

}  // namespace comments::inline v0

#ifndef COMMENTS_COMPILED
#include <comments/renderer.ipp>
#endif
