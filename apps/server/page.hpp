#pragma once
// page.hpp - what the server's own pages have in common: their frame, their form, their headers.
//
// They need no script. Links are relative, so that the pages work below any prefix that a
// proxy adds.
//
//   http::response answer = make_page({.title = "Comments", .root = "../"}, main, english());
//   protect(answer, page_policy());

#include "language.hpp"
#include "template.hpp"

#include <comments/http/message.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace server {

struct frame {
  std::string title{};
  std::string root{};                  // from the page's address to the server's root: "", "../"
  std::optional<relative_url> next{};  // the page of the list behind this one
  std::optional<relative_url> feed{};  // the same as a feed
};

// Returns the whole page around `main`, as HTML in UTF-8.
comments::http::response make_page(const frame& around, const safe_html& main,
                                   const language& words);

// Returns the Content-Security-Policy of a page without scripts, which this server and `origins`
// may put into a frame.
std::string page_policy(std::span<const std::string> origins = {});

// Adds the headers that keep a page from loading anything else, and others from misusing it. The
// adapter adds X-Content-Type-Options to every response.
void protect(comments::http::response& answer, std::string_view policy,
             std::string_view referrer = "same-origin");

// What the form for a comment holds: fields that a person sees, and hidden ones that come back.
struct form_fields {
  std::string body{};
  std::string name{};
  std::string email{};
  std::string parent_id{};
  std::string answers{};  // the name of the parent's author
  std::string form{};
  std::string key{};
};

// Returns the form that posts to `action`. The fields in `wrong` are marked: JSON pointers, one a
// line.
safe_html make_form(const form_fields& fields, const relative_url& action, std::string_view wrong,
                    const language& words);

}  // namespace server
