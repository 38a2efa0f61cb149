#pragma once
// support/safe_html.hpp - whether HTML is as harmless as Markdown may become, judged by an HTML5
// parser (gumbo) that reads it as a browser does, and shares nothing with who wrote it.
//
//   CHECK(testing::why_unsafe("<p>Oi</p>") == "");
//   CHECK(testing::why_unsafe("<p onclick=a>Oi</p>") == "<p> has an attribute: onclick");
//   CHECK(testing::text_of("<p>a<br>b</p>") == "ab");

#include <gumbo.h>

#include <cstddef>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace testing {

// Each element that there may be, and its attributes.
inline const std::map<GumboTag, std::set<std::string>> allowed_elements{
    {GUMBO_TAG_P, {}},
    {GUMBO_TAG_BR, {}},
    {GUMBO_TAG_EM, {}},
    {GUMBO_TAG_STRONG, {}},
    {GUMBO_TAG_DEL, {}},
    {GUMBO_TAG_PRE, {}},
    {GUMBO_TAG_BLOCKQUOTE, {}},
    {GUMBO_TAG_UL, {}},
    {GUMBO_TAG_LI, {}},
    {GUMBO_TAG_HR, {}},
    {GUMBO_TAG_H3, {}},
    {GUMBO_TAG_H4, {}},
    {GUMBO_TAG_H5, {}},
    {GUMBO_TAG_H6, {}},
    {GUMBO_TAG_CODE, {"class"}},
    {GUMBO_TAG_OL, {"start"}},
    {GUMBO_TAG_TABLE, {}},
    {GUMBO_TAG_THEAD, {}},
    {GUMBO_TAG_TBODY, {}},
    {GUMBO_TAG_TR, {}},
    {GUMBO_TAG_TH, {"align"}},
    {GUMBO_TAG_TD, {"align"}},
    {GUMBO_TAG_LABEL, {}},
    {GUMBO_TAG_INPUT, {"type", "disabled", "checked"}},
    {GUMBO_TAG_A, {"href", "rel"}}};

// The scheme by which a browser follows `href`: it drops what is no letter in front and tabs and
// line breaks anywhere (WHATWG URL, 4.4).
inline std::string scheme_of(std::string_view href) {
  std::string scheme;
  for (const char c : href) {
    if (c == '\t' || c == '\n' || c == '\r') continue;
    if (scheme.empty() && static_cast<unsigned char>(c) <= ' ') continue;
    if (c == ':') return scheme;
    scheme += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return "";
}

inline std::string why_unsafe_href(std::string_view href) {
  const std::string scheme = scheme_of(href);
  if (scheme != "http" && scheme != "https" && scheme != "mailto") return "leads elsewhere";
  const std::size_t end = href.find(':') + 1;
  if (scheme != "mailto" && href.substr(end, 2) != "//") return "is relative";
  for (const char c : href)
    if (c <= ' ' || c > '~' || std::strchr("\"'<>`\\", c)) return "holds what it must not";
  return "";
}

inline std::string why_unsafe_value(std::string_view name, std::string_view value) {
  if (name == "href") return why_unsafe_href(value);
  if (name == "rel")
    return value == "nofollow ugc noopener noreferrer" ? "" : "says something else";
  if (name == "type") return value == "checkbox" ? "" : "is no box";
  if (name == "disabled" || name == "checked") return value.empty() ? "" : "says something";
  if (name == "align")
    return value == "left" || value == "center" || value == "right" ? "" : "is no side";
  const bool is_class = name == "class";
  if (is_class && !value.starts_with("language-")) return "is no language";
  const std::string_view rest = is_class ? value.substr(9) : value;
  if (rest.empty() || rest.size() > (is_class ? 32u : 9u)) return "is too short or too long";
  const char* const digits = "0123456789";
  const char* const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";
  const bool is_plain = rest.find_first_not_of(is_class ? letters : digits) == rest.npos;
  return is_plain ? "" : "holds what it must not";
}

inline std::string why_unsafe(const GumboElement& element) {
  const std::string name = gumbo_normalized_tagname(element.tag);
  if (element.tag_namespace != GUMBO_NAMESPACE_HTML) return "<" + name + "> is of another language";
  const auto found = allowed_elements.find(element.tag);
  if (found == allowed_elements.end()) return "there is an element: <" + name + ">";
  std::set<std::string> missing = found->second;
  for (unsigned i = 0; i < element.attributes.length; ++i) {
    const auto& one = *static_cast<const GumboAttribute*>(element.attributes.data[i]);
    if (missing.erase(one.name) == 0) return "<" + name + "> has an attribute: " + one.name;
    if (const std::string why = why_unsafe_value(one.name, one.value); !why.empty())
      return one.name + (" " + why) + ": " + one.value;
  }
  const bool is_box = element.tag == GUMBO_TAG_INPUT;  // which a reader must not be able to tick
  if (is_box) missing.erase("checked");
  const bool needs_all = is_box || element.tag == GUMBO_TAG_A;
  return needs_all && !missing.empty() ? "<" + name + "> has no " + *missing.begin() : "";
}

// Collects the text below `node` in `text`, and answers what is unsafe there, if anything.
inline std::string why_unsafe(const GumboNode& node, std::string& text) {
  switch (node.type) {
    case GUMBO_NODE_ELEMENT: break;
    case GUMBO_NODE_TEXT:
    case GUMBO_NODE_WHITESPACE: text += node.v.text.text; return "";
    default: return "there is what is neither element nor text";
  }
  const GumboElement& element = node.v.element;
  const bool is_frame = element.tag == GUMBO_TAG_HTML || element.tag == GUMBO_TAG_HEAD ||
                        element.tag == GUMBO_TAG_BODY;
  if (is_frame && element.attributes.length > 0) return "the page has attributes";
  if (const std::string why = is_frame ? "" : why_unsafe(element); !why.empty()) return why;
  for (unsigned i = 0; i < element.children.length; ++i) {
    const auto& child = *static_cast<const GumboNode*>(element.children.data[i]);
    if (std::string why = why_unsafe(child, text); !why.empty()) return why;
  }
  return "";
}

struct reading {
  std::string fault{};  // the first thing that is unsafe, or not well-formed
  std::string text{};   // what the page shows
};

// Whether each element is closed, in order. HTML5 lets </p> and </li> be left out, and what follows
// would then be swallowed.
inline bool is_balanced(std::string_view html) {
  std::vector<std::string_view> open;
  for (std::size_t at = 0; (at = html.find('<', at)) != html.npos; ++at) {
    const bool is_end = html.substr(at + 1).starts_with('/');
    const std::size_t begin = at + 1 + (is_end ? 1 : 0);
    const std::string_view name = html.substr(begin, html.find_first_of(" >", begin) - begin);
    if (is_end && (open.empty() || open.back() != name)) return false;
    if (is_end) open.pop_back();
    if (!is_end && name != "br" && name != "hr" && name != "input") open.push_back(name);
  }
  return open.empty();
}

// `html` as the whole body of a page.
inline reading read_html(std::string_view html) {
  const std::string page =
      "<!DOCTYPE html><html><head></head><body>" + std::string{html} + "</body></html>";
  GumboOptions options = kGumboDefaultOptions;
  options.max_errors = 1;
  GumboOutput* const output = gumbo_parse_with_options(&options, page.data(), page.size());
  reading found;
  const GumboVector& children = output->document->v.document.children;
  for (unsigned i = 0; i < children.length && found.fault.empty(); ++i)
    found.fault = why_unsafe(*static_cast<const GumboNode*>(children.data[i]), found.text);
  const bool is_well_formed = output->errors.length == 0 && is_balanced(html);
  if (found.fault.empty() && !is_well_formed) found.fault = "it is not well-formed";
  gumbo_destroy_output(&options, output);
  return found;
}

inline std::string why_unsafe(std::string_view html) { return read_html(html).fault; }
inline std::string text_of(std::string_view html) { return read_html(html).text; }

}  // namespace testing
