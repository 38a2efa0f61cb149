#pragma once
// html.hpp - what the server's own pages have in common: their frame, their form, their words.
//
// They need no script. Links are relative, so that the pages work below any prefix of a proxy's.
//
//   http::response answer = make_page({.title = "Comments", .up = "../"}, "<h1>…</h1>");
//   protect(answer, page_policy("'none'"));

#include <comments/http/message.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace server {

struct page_words {
  std::string_view lang{}, one_comment{}, comments{}, by_nobody{}, removed{}, edited{}, reply{},
      link{}, one_reply{}, replies{}, more{}, more_replies{}, all{}, sort{}, oldest{}, newest{},
      top{}, empty{}, locked{}, premoderated{}, pending{}, posted{}, write{}, answer{}, name{},
      email{}, text{}, optional{}, markdown{}, post{}, failed{}, again{}, back{}, missing{},
      too_long{}, format{}, wrong{}, reused{}, often{}, home{};
};

// The words of the language that `?lang=` or Accept-Language asks for: English, if we have it not.
const page_words& words_for(const comments::http::request& asked);

// "1 comment", "3 comments".
std::string count(const page_words& words, std::int64_t number, std::string_view one,
                  std::string_view many);

struct frame {
  std::string title{};
  std::string up{};    // from the page's address to the root: "", "../"
  std::string head{};  // further elements of <head>
  std::string_view lang{"en"};
};

// A whole page around `main`.
comments::http::response make_page(const frame& around, std::string_view main);

// The Content-Security-Policy of a page without scripts that we and these may frame.
std::string page_policy(std::span<const std::string> origins = {});

// Everything that keeps a page from doing, and having done to it, what it is not for.
void protect(comments::http::response& answer, std::string_view policy,
             std::string_view referrer = "same-origin");

// What stands in the form, as it was typed or as it is to be sent along.
struct written {
  std::string body{}, name{}, email{}, parent_id{}, form{}, key{};
  std::string answers{};  // the name of whoever wrote the parent
};

// The form that posts to `action`, with these fields marked as wrong (JSON pointers, one a line).
std::string write_form(const page_words& words, std::string_view action, const written& typed,
                       std::string_view wrong = {});

}  // namespace server
