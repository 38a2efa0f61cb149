#pragma once
// renderer.hpp - how a comment's body becomes HTML, and the name of that way.
//
// HTML is kept beside the body that it was made from, with the renderer's name. A kept one of
// another name was made by another renderer, or another version of this one, and is made again.
//
//   renderer plain;
//   plain.to_html("a < b");   // "<p>a &lt; b</p>\n"
//   renderer loud{"loud 1", [](std::string_view body) { return "<b>" + escape_html(body) + "</b>";
//   }};

#include <comments/text.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace comments {

// `to_html` takes any text that a body may be, and answers HTML that cannot run in a reader's page
// and is well-formed on its own. It is called from several threads at once, and does not throw.
// `name` holds no line break and no quotation mark.
struct renderer {
  std::string name{"plain 1"};
  std::function<std::string(std::string_view)> to_html{to_paragraphs};
};

}  // namespace comments
