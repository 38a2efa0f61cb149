#pragma once
// json/encode.hpp - what the domain looks like as JSON: one function for each answer of the API.
//
// Times are RFC 3339 in UTC, ids are UUIDs, what is not there is null. E-mail addresses appear in
// the answers of the original API alone. Text that is no UTF-8 (a store of somebody else's could
// hold some) is written with U+FFFD instead of failing.
//
// What of a comment only its author can change is encoded once, when it is written, and kept with
// it (`comment::encoded`); an answer is joined from such texts and a few numbers.
//
//   const json::style style{key, renderer{}};
//   draft.encoded = json::encode_written(draft.author, draft.body, style);   // when it is posted
//   json::encode(page, style, next);                                         // whenever it is read

#include <comments/renderer.hpp>
#include <comments/store.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments::json {

using document = nlohmann::ordered_json;  // keys in the order they are written

// Turns an author into a text that is stable for that author and tells nothing else.
using author_key = std::function<std::string(const author&)>;

// An error as RFC 9457 has it, with what this API adds.
struct problem {
  std::string title{};
  int status{};
  std::string detail{};
  std::string instance{};
  std::string code{};
  std::vector<violation> errors{};
  std::string request_id{};
  bool is_in_doubt{};  // written as "in_doubt": true, and not at all otherwise
};

inline std::string dump(const document& value) {
  return value.dump(-1, ' ', false, document::error_handler_t::replace);
}

// Appends `text` as a JSON string. Most needs no escape, so the library is asked for the rest only.
inline void append_text(std::string& to, std::string_view text) {
  const bool is_plain = std::ranges::all_of(
      text, [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
  if (is_plain)
    to.append("\"").append(text).append("\"");
  else
    to += dump(text);
}

inline void append_number(std::string& to, std::int64_t number) {
  char digits[24];
  to.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

// How comments are written: under which key an author appears, and how a body becomes HTML.
class style final {
 public:
  explicit style(author_key key, renderer body = {})
      : key_{std::move(key)}, body_{std::move(body)}, form_{"2 " + body_.name + "\n"} {}

  // What `comment::encoded` starts with: the number of its form, and its renderer's name. A form
  // never changes under its number; texts of other forms or renderers, and of none, are made anew
  // whenever they are read.
  const std::string& form() const { return form_; }
  std::string key_of(const author& author) const { return key_(author); }
  std::string to_html(std::string_view body) const { return body_.to_html(body); }

 private:
  author_key key_;
  renderer body_;
  std::string form_;
};

// The text for `comment::encoded`. It has "author", "body" and "body_html", as they stand in the
// comment's JSON, and nothing else may rely on more than that.
inline std::string encode_written(const author& author, std::string_view body, const style& style) {
  std::string text{style.form()};
  append_text(text += R"("author":{"name":)", author.name);
  text += author.verified ? R"(,"verified":true,"key":)" : R"(,"verified":false,"key":)";
  append_text(text, style.key_of(author));
  append_text(text += R"(},"body":)", body);
  append_text(text += R"(,"body_html":)", style.to_html(body));
  return text;
}

// What `encode_written` made of a comment: kept with it, or made now, which is then in `made`.
inline std::string_view find_written(const comment& comment, const style& style,
                                     std::string& made) {
  const bool is_kept = comment.encoded.starts_with(style.form());
  if (!is_kept) made = encode_written(comment.author, comment.body, style);
  return std::string_view{is_kept ? comment.encoded : made}.substr(style.form().size());
}

// The body's string in what `find_written` found; empty if it has none. No quote stands in a string
// without a backslash, so nothing that anybody wrote looks like these keys.
inline std::string_view body_of(std::string_view written) {
  constexpr std::string_view before = R"(},"body":)", behind = R"(,"body_html":")";
  const std::size_t at = written.find(before);
  if (at == written.npos) return {};
  const std::size_t start = at + before.size();
  return written.substr(start, written.find(behind, start) - start);
}

// The comment's body as HTML: what is kept with it, or made now.
inline std::string find_html(const comment& comment, const style& style) {
  if (comment.encoded.starts_with(style.form())) {
    const std::string object = "{" + comment.encoded.substr(style.form().size()) + "}";
    const auto kept = document::parse(object, nullptr, false);
    if (kept.is_object() && kept.contains("body_html") && kept["body_html"].is_string())
      return kept["body_html"].get<std::string>();
  }
  return style.to_html(comment.body);
}

// `edit_token` is written only where there is one.
inline void append(std::string& to, const comment& comment, const style& style,
                   std::string_view edit_token = {}) {
  std::string made;
  to.append(R"({"id":")").append(to_string(comment.id));
  append_text(to += R"(","content_id":)", comment.content_id);
  if (comment.parent)
    to.append(R"(,"parent_id":")").append(to_string(*comment.parent)).append("\"");
  else
    to += R"(,"parent_id":null)";
  if (comment.reply_to != comment.parent && comment.reply_to)
    to.append(R"(,"reply_to":")").append(to_string(*comment.reply_to)).append("\"");
  to.append(R"(,"status":")").append(to_text(comment.status)).append("\",");
  to += find_written(comment, style, made);
  append_number(to += R"(,"votes":)", comment.votes);
  append_number(to += R"(,"replies":)", comment.replies);
  to.append(R"(,"created_at":")").append(to_rfc3339(comment.created_at)).append("\"");
  if (comment.edited_at)
    to.append(R"(,"edited_at":")").append(to_rfc3339(*comment.edited_at)).append("\"");
  else
    to += R"(,"edited_at":null)";
  append_number(to += R"(,"version":)", comment.version);
  if (!edit_token.empty()) append_text(to += R"(,"edit_token":)", edit_token);
  to += "}";
}

inline void append(std::string& to, const content& content) {
  append_text(to += R"({"content_id":)", content.content_id);
  append_number(to += R"(,"version":)", content.version);
  append_number(to += R"(,"comments":)", content.comments);
  const auto status = content.status.value_or(content_status::open);
  to.append(R"(,"status":")").append(to_text(status)).append("\"}");
}

// About how long a comment is in an answer.
inline std::size_t size_of(const comment& comment) {
  constexpr std::size_t fixed = 400;
  return comment.encoded.size() + comment.content_id.size() + fixed;
}

inline std::string encode(const content& content) {
  std::string text;
  append(text, content);
  return text;
}

inline std::string encode(const comment& comment, const style& style,
                          std::string_view edit_token = {}) {
  std::string text;
  text.reserve(size_of(comment) + edit_token.size());
  append(text, comment, style, edit_token);
  return text;
}

// `next` is the signed text of the page's cursor, empty on the last page.
inline std::string encode(const page& page, const style& style, std::string_view next) {
  std::size_t size = 1000;
  for (const comment& item : page.items) size += size_of(item);
  std::string text;
  text.reserve(size);
  text += R"({"items":[)";
  for (const comment& item : page.items) {
    if (&item != &page.items.front()) text += ",";
    append(text, item, style);
  }
  text += R"(],"next":)";
  if (next.empty())
    text += "null";
  else
    append_text(text, next);
  append(text += R"(,"content":)", page.content);
  return text += "}";
}

// {"items":[…],"next":…}, each item made by `append_item(text, item)`. `next` empty: null.
template <typename Items, typename Append>
std::string encode_items(const Items& items, std::string_view next, const Append& append_item) {
  std::string text = R"({"items":[)";
  bool is_first = true;
  for (const auto& item : items) {
    if (!std::exchange(is_first, false)) text += ",";
    append_item(text, item);
  }
  text += R"(],"next":)";
  if (next.empty())
    text += "null";
  else
    append_text(text, next);
  return text += "}";
}

// What happened, as readers may know it.
inline void append_public(std::string& to, const event& event) {
  append_text(to += R"({"content_id":)", event.content_id);
  append_number(to += R"(,"version":)", event.version);
  to.append(R"(,"kind":")").append(to_text(event.kind)).append("\"");
  if (event.comment == comment_id{})
    to += R"(,"comment_id":null)";
  else
    to.append(R"(,"comment_id":")").append(to_string(event.comment)).append("\"");
  append_text(to += R"(,"status":)", event.status);
  to.append(R"(,"at":")").append(to_rfc3339(event.at)).append("\"}");
}

// The same as moderators see it.
inline void append_history(std::string& to, const event& event) {
  append_public(to, event);
  to.pop_back();
  append_text(to += R"(,"by":)", event.by);
  append_text(to += R"(,"reason":)", event.reason);
  append_text(to += R"(,"before":)", event.before);
  to += "}";
}

// A comment as moderators see it: with what readers said against it.
inline void append_moderated(std::string& to, const comment& comment, const style& style,
                             std::span<const comments::report> said) {
  append(to, comment, style);
  to.pop_back();
  append_number(to += R"(,"reports":)", comment.reports);
  to += R"(,"reasons":[)";
  for (const comments::report& one : said) {
    if (&one != &said.front()) to += ",";
    append_text(to, one.reason);
  }
  to += "]}";
}

// A comment as its author gets it when they ask for all that is theirs: with their own address.
inline void append_own(std::string& to, const comment& comment, const style& style) {
  append(to, comment, style);
  to.pop_back();
  append_text(to += R"(,"email":)", comment.author.email);
  append_text(to += R"(,"url":)", comment.author.url);
  to += "}";
}

// What became of one comment that a moderator decided about: its status, or the code of why not.
inline void append_ruling(std::string& to, const comment_id& id, const result<comment>& outcome,
                          std::string_view code) {
  to.append(R"({"id":")").append(to_string(id)).append("\"");
  if (outcome) {
    to.append(R"(,"status":")").append(to_text(outcome->status)).append("\"");
    append_number(to += R"(,"version":)", outcome->version);
  } else {
    append_text(to += R"(,"error":)", code);
  }
  to += "}";
}

inline void append(std::string& to, const comments::vote& vote) {
  to.append(R"({"comment_id":")").append(to_string(vote.comment));
  append_text(to += R"(","content_id":)", vote.content_id);
  to.append(R"(,"at":")").append(to_rfc3339(vote.at)).append("\"}");
}

// One step of a deployment.
inline void append(std::string& to, const deployment& step) {
  to.append(R"({"id":")").append(to_string(step.id));
  append_text(to += R"(","component":)", step.component);
  append_text(to += R"(,"version":)", step.version);
  append_text(to += R"(,"responsible":)", step.responsible);
  to.append(R"(,"status":")").append(to_text(step.status)).append(R"(","run":)");
  if (step.run.empty())
    to += "null";
  else
    append_text(to, step.run);
  to.append(R"(,"date":")").append(to_rfc3339(step.date)).append("\"}");
}
inline std::string encode(const deployment& step) {
  std::string text;
  append(text, step);
  return text;
}

// {"counts":{"a":2,"b":0}}, each content once.
inline std::string encode_counts(std::span<const content> contents) {
  std::string text = R"({"counts":{)";
  std::set<std::string_view> written;
  for (const content& content : contents) {
    if (!written.insert(content.content_id).second) continue;
    if (written.size() > 1) text += ",";
    append_text(text, content.content_id);
    append_number(text += ":", content.comments);
  }
  return text += "}}";
}

// How much of a person's was erased.
inline std::string encode_erasure(std::size_t comments, std::size_t votes) {
  return dump({{"comments", comments}, {"votes", votes}});
}

// The answers of the original API, whose words are frozen.
inline std::string encode_original_posted(std::string_view content_id) {
  return dump(
      {{"status", "SUCCESS"},
       {"message", "comment created and associated with content_id " + std::string{content_id}}});
}
inline std::string encode_original_not_found(std::string_view content_id) {
  return dump({{"status", "NOT-FOUND"},
               {"message", "content_id " + std::string{content_id} + " not found"}});
}
// One comment of the original list, which is these between "[" and "]", with "," between them.
inline void append_original(std::string& to, const comment& comment, bool hide_email) {
  to += R"({"email":)";
  append_text(to, hide_email ? std::string_view{} : comment.author.email);
  to += R"(,"comment":)";
  const bool is_kept = comment.encoded.starts_with("2 ");
  const std::string_view kept = is_kept ? body_of(comment.encoded) : std::string_view{};
  if (kept.empty())
    append_text(to, comment.body);
  else
    to += kept;
  to += "}";
}

// A flat object of texts: {"status":"ok"}.
inline std::string encode_fields(
    std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
  document object = document::object();
  for (const auto& [name, value] : fields) object[std::string{name}] = value;
  return dump(object);
}

inline std::string encode(const problem& problem) {
  document written{{"type", "about:blank"},        {"title", problem.title},
                   {"status", problem.status},     {"detail", problem.detail},
                   {"instance", problem.instance}, {"code", problem.code}};
  document errors = document::array();
  for (const violation& violation : problem.errors)
    errors.push_back({{"pointer", violation.pointer}, {"code", violation.code}});
  written["errors"] = std::move(errors);
  written["request_id"] = problem.request_id;
  if (problem.is_in_doubt) written["in_doubt"] = true;
  return dump(written);
}

}  // namespace comments::json
