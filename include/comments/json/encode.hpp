#pragma once
// json/encode.hpp - the domain as JSON: one function for each response of the API.
//
// Times are RFC 3339 in UTC, ids are UUIDs, what is absent is null. E-mail addresses appear in the
// responses of the legacy API, and in what an author gets of their own. Text that is not UTF-8 (a
// store of the embedder's could hold some) is written with U+FFFD. Nothing here throws, except
// std::bad_alloc and what `author_key` or the renderer throw.
//
// The part of a comment that only its author can change is encoded once, when it is written, and
// stored with it (`comment::encoded`). A response joins such texts and a few numbers.
//
//   using namespace comments;
//   const json::style style{[](const comment& written) { return written.author.name; }};
//   comment stored{.content_id = "1", .body = "Oi"};
//   stored.encoded = json::encode_written(stored, style);  // when it is posted
//   const std::string text = json::encode(stored, style);  // when it is read

#include <comments/comment.hpp>
#include <comments/config.hpp>
#include <comments/deployments/deployment.hpp>
#include <comments/event.hpp>
#include <comments/renderer.hpp>
#include <comments/result.hpp>
#include <comments/store.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace comments::inline v0::json {

// Turns a comment into a text that is the same for comments of the same author, as far as that was
// proved, and tells nothing else. Called from any thread.
using author_key = std::function<std::string(const comment&)>;

// Which e-mail addresses the legacy list shows; it has "" for the others. `show`: those that were
// given to the legacy API. Comments from before that was kept do not tell, so theirs are not shown.
enum class legacy_emails { show, all, hide };

constexpr std::array<std::string_view, 3> names_of(legacy_emails) {
  return {"show", "all", "hide"};
}

// How comments are written: which key an author gets, and how a body becomes HTML.
class style final {
 public:
  explicit style(author_key key, renderer body = {})
      : key_{std::move(key)}, body_{std::move(body)}, form_{"3 " + body_.name + "\n"} {}

  // The text with which `comment::encoded` starts: the number of its form, and its renderer's name.
  // A form never changes under its number. A text of another form or renderer is not used: it is
  // made anew each time that it is read.
  const std::string& form() const { return form_; }
  // The same for a response's ETag: "3", or "3-" and the renderer's name.
  std::string tag() const;
  std::string key_of(const comment& written) const { return key_(written); }
  std::string to_html(std::string_view body) const { return body_.to_html(body); }

 private:
  author_key key_;
  renderer body_;
  std::string form_;
};

// --- parts: each appends to a text ---

// A JSON string.
void append_text(std::string& to, std::string_view text);
void append_number(std::string& to, std::int64_t number);

// What a response hands out to the one who asked: each is written only if there is one.
struct proofs {
  std::string edit_token{};
  std::string browser{};
};

// A comment as its readers see it.
void append(std::string& to, const comment& comment, const style& style,
            const proofs& handed_out = {});
// The same as moderators see it, with the reports that readers made.
void append_moderated(std::string& to, const comment& comment, const style& style,
                      std::span<const comments::report> reports);
// The same for its author, with the author's own e-mail address and `reason`, if there is one:
// a moderator's for hiding it.
void append_own(std::string& to, const comment& comment, const style& style,
                std::string_view reason = {});
// A comment of the legacy list. The list is these between "[" and "]", with "," between them.
void append_legacy(std::string& to, const comment& comment, legacy_emails which);

void append(std::string& to, const content& content);
void append(std::string& to, const comments::vote& vote);
void append(std::string& to, const made_report& report);
void append(std::string& to, const deployment& step);

// An event as readers may know it, on one line.
void append_public(std::string& to, const event& event);
// The same as moderators see it.
void append_history(std::string& to, const event& event);
void append_decision(std::string& to, const event& event);

// The result of a moderator's decision about one comment: its status, or the code of the error.
void append_result(std::string& to, const comment_id& id, const result<comment>& outcome,
                   std::string_view code);

// --- whole bodies ---

// Returns the text for `comment::encoded`. It has "author", "body" and "body_html", as they stand
// in the comment's JSON. Its form is known here alone.
std::string encode_written(const comment& written, const style& style);

// Returns the data of the event that says that a content's comments must be read again: its id, its
// version now, and the epoch.
std::string encode_reset(std::string_view content_id, const stamp& now);

std::string encode(const comment& comment, const style& style, const proofs& handed_out = {});
// For the author of a comment that a moderator has hidden.
std::string encode_hidden(const comment& comment, const style& style, std::string_view reason);
std::string encode(const content& content);
std::string encode(const deployment& step);
// `next` is the signed text of the page's cursor; empty: this is the last page.
std::string encode(const page& page, const style& style, std::string_view next);
// {"counts":{"a":2,"b":0}}, each content once.
std::string encode_counts(std::span<const content> contents);
// How many comments and votes of a person were erased.
std::string encode_erasure(std::size_t comments, std::size_t votes);
// A form's token, and how long a body may be.
std::string encode_form(std::string_view token, std::size_t body_bytes_max);
// A flat object of texts: {"status":"ok"}.
std::string encode_fields(
    std::initializer_list<std::pair<std::string_view, std::string_view>> fields);
// {"items":[…],"next":…}, each item appended by `append_item(text, item)`. `next` empty: null.
template <typename Items, typename Append>
std::string encode_items(const Items& items, std::string_view next, const Append& append_item);
// The responses of the legacy API, whose words are frozen.
std::string encode_legacy_posted(std::string_view content_id);
std::string encode_legacy_not_found(std::string_view content_id);

// Returns the comment's body as HTML: what is stored with it, or made now.
std::string find_html(const comment& comment, const style& style);

// --- definitions ---

template <typename Items, typename Append>
std::string encode_items(const Items& items, std::string_view next, const Append& append_item) {
  std::string text = R"({"items":[)";
  bool is_first = true;
  for (const auto& item : items) {
    if (!is_first) text += ",";
    is_first = false;
    append_item(text, item);
  }
  text += R"(],"next":)";
  if (next.empty())
    text += "null";
  else
    append_text(text, next);
  return text += "}";
}

}  // namespace comments::inline v0::json

#ifndef COMMENTS_COMPILED
#include <comments/json/encode.ipp>
#endif
