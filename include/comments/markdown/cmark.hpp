#pragma once
// markdown/cmark.hpp - Markdown as people write it in comments, as HTML that cannot run.
//
// cmark-gfm reads the source: CommonMark, and GitHub's tables, task lists, bare links and
// ~~strikethrough~~. `hints.hpp` and `addresses.hpp` say where it is told to read otherwise. The
// HTML is written here and not by cmark, and it has these elements only: p, br, em, strong, del,
// code, pre, blockquote, ul, ol, li, h3 to h6, hr, a, table, thead, tbody, tr, th, td, and for the
// box of a task label and input, which is disabled. Everything else in it has passed `escape_html`,
// `to_href` or `to_language_class`, so little code decides whether the HTML is safe. HTML in the
// source is shown, not obeyed. Only the definitions include cmark.
//
//   using namespace comments;
//   const std::string html = markdown::render("*Oi* <b>");  // "<p><em>Oi</em> &lt;b&gt;</p>\n"
//   const renderer body = markdown::make_renderer();

#include <comments/config.hpp>
#include <comments/markdown/bounds.hpp>
#include <comments/renderer.hpp>

#include <string>
#include <string_view>

namespace comments::inline v0::markdown {

// The number of the HTML's form. It goes up with every change of the HTML that any source becomes.
inline constexpr int form = 2;

// Returns `source` as HTML: well-formed on its own, with nothing in it that runs, loads or looks
// like the page around it, and at most `html_bytes_max` long, or six times the source if that is
// more. A source that is past a limit, or would show nothing, is shown as it was written, by
// `to_paragraphs`. Safe to call from any thread; one thread parses at a time. cmark ends the
// process where it finds no memory, so all that it may need is reserved first: some 33 MB of
// addresses for 16 KB, of which a usual comment touches few pages. Throws only std::bad_alloc.
std::string render(std::string_view source, const limits& most = {});

// Returns the renderer for a service. Its name has the version of cmark-gfm and `form`.
renderer make_renderer();

// Returns `url` as the value of an href; empty unless it begins with http://, https:// or mailto:,
// in these very letters. A browser drops tabs and line breaks from an address before it looks at
// the scheme; here they are no letters, so "java\tscript:" is refused. What is not plain ASCII is
// percent-encoded, so the value has no quote, no space, no control character and no character that
// changes the direction of text.
std::string to_href(std::string_view url);

// Returns the class for a code block's language: "language-" and its first word, if that is 1 to 32
// letters, digits, "+" and "-"; else empty.
std::string to_language_class(std::string_view info);

// Returns whether HTML cannot hold `point`, however it is written: a control character that is not
// a tab or line break, or one of Unicode's noncharacters (U+FFFE, for example).
bool is_no_character(char32_t point);

}  // namespace comments::inline v0::markdown

#ifndef COMMENTS_COMPILED
#include <comments/markdown/cmark.ipp>
#endif
