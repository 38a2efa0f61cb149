#pragma once
// json/encode.hpp - what the domain looks like as JSON: one function for each answer of the API.
//
// Times are RFC 3339 in UTC, ids are UUIDs, what is not there is null. E-mail addresses appear in
// the answers of the original API alone. Text that is no UTF-8 (a store of somebody else's could
// hold some) is written with U+FFFD instead of failing.

#include <comments/store.hpp>

#include <functional>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
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
};

inline std::string dump(const document& value) {
  return value.dump(-1, ' ', false, document::error_handler_t::replace);
}

inline document to_document(const comment& comment, const author_key& key) {
  const auto or_null = [](const auto& value, auto write) {
    return value ? document(write(*value)) : document(nullptr);
  };
  return {{"id", to_string(comment.id)},
          {"content_id", comment.content_id},
          {"parent_id", or_null(comment.parent, [](const auto& id) { return to_string(id); })},
          {"status", to_text(comment.status)},
          {"author",
           {{"name", comment.author.name},
            {"verified", comment.author.verified},
            {"key", key(comment.author)}}},
          {"body", comment.body},
          {"body_html", to_paragraphs(comment.body)},
          {"votes", comment.votes},
          {"replies", comment.replies},
          {"created_at", to_rfc3339(comment.created_at)},
          {"edited_at", or_null(comment.edited_at, to_rfc3339)},
          {"version", comment.version}};
}

inline document to_document(const content& content) {
  return {{"content_id", content.content_id},
          {"version", content.version},
          {"comments", content.comments},
          {"status", to_text(content.status)}};
}

inline std::string encode(const content& content) { return dump(to_document(content)); }

// `edit_token` is written only where there is one.
inline std::string encode(const comment& comment, const author_key& key,
                          std::string_view edit_token = {}) {
  document written = to_document(comment, key);
  if (!edit_token.empty()) written["edit_token"] = edit_token;
  return dump(written);
}

// `next` is the signed text of the page's cursor, empty on the last page.
inline std::string encode(const page& page, const author_key& key, std::string_view next) {
  document items = document::array();
  for (const comment& item : page.items) items.push_back(to_document(item, key));
  return dump({{"items", std::move(items)},
               {"next", next.empty() ? document(nullptr) : document(next)},
               {"content", to_document(page.content)}});
}

// {"counts":{"a":2,"b":0}}
inline std::string encode_counts(std::span<const content> contents) {
  document counts = document::object();
  for (const content& content : contents) counts[content.content_id] = content.comments;
  return dump({{"counts", std::move(counts)}});
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
inline std::string encode_original_list(std::span<const comment> comments, bool hide_emails) {
  document items = document::array();
  for (const comment& comment : comments)
    items.push_back(
        {{"email", hide_emails ? "" : comment.author.email}, {"comment", comment.body}});
  return dump(items);
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
  return dump(written);
}

}  // namespace comments::json
