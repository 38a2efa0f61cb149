#include "error_page.hpp"

#include "html.hpp"

#include <comments/http/middleware.hpp>
#include <comments/json/document.hpp>
#include <comments/text.hpp>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace server {
namespace {

using namespace comments;

bool wants_page(const http::request& asked) {
  return !asked.target.starts_with("/api/") &&
         http::find_header(asked.headers, "Accept").value_or("").find("text/html") !=
             std::string_view::npos;
}

bool is_problem(const http::response& answer) {
  return http::find_header(answer.headers, "Content-Type") == "application/problem+json";
}

std::string text_in(const json::document& object, const char* name) {
  const auto at = object.is_object() ? object.find(name) : object.end();
  return at != object.end() && at->is_string() ? at->get<std::string>() : "";
}

// "Name has characters that cannot be used", for a field of the form; empty for any other.
std::string to_sentence(const page_words& words, std::string_view pointer, std::string_view code) {
  const std::array<std::pair<std::string_view, std::string_view>, 3> fields{
      {{"/body", words.text}, {"/author/name", words.name}, {"/author/email", words.email}}};
  const auto* field =
      std::ranges::find(fields, pointer, &std::pair<std::string_view, std::string_view>::first);
  if (field == fields.end()) return {};
  const std::string_view fault = code == "required"   ? words.missing
                                 : code == "too_long" ? words.too_long
                                 : code == "format"   ? words.format
                                                      : words.wrong;
  return std::string{field->second} + " " + std::string{fault} + ".";
}

struct fault {
  std::string code{};
  std::string pointers{};   // of fields that are wrong, one a line
  std::string sentences{};  // what is wrong with them
};

fault read_fault(const json::document& said, const page_words& words) {
  fault found{.code = text_in(said, "code")};
  if (!said.is_object() || !said.contains("errors")) return found;
  for (const auto& one : said["errors"]) {
    const std::string pointer = text_in(one, "pointer");
    const std::string sentence = to_sentence(words, pointer, text_in(one, "code"));
    found.pointers += pointer + "\n";
    found.sentences += sentence.empty() ? "" : sentence + " ";
  }
  return found;
}

std::string explain(const fault& found, const json::document& said, const http::response& answer,
                    const page_words& words) {
  if (!found.sentences.empty()) return found.sentences;
  if (found.code == "rate_limited")
    return std::string{words.often} + " " +
           std::string{http::find_header(answer.headers, "Retry-After").value_or("1")} + ".";
  if (found.code == "idempotency_reuse") return std::string{words.reused};
  if (found.code == "content_locked") return std::string{words.locked};
  return text_in(said, "detail");
}

std::string form_again(const http::request& sent, const fault& found, const page_words& words) {
  const auto fields = http::parse_query(sent.body);
  const auto text = [&](std::string_view name) {
    return fields ? std::string{http::find_field(*fields, name).value_or("")} : "";
  };
  written typed{.body = text("body"),
                .name = text("name"),
                .email = text("email"),
                .parent_id = text("parent_id"),
                .form = text("form"),
                .key = text("key"),
                .answers = text("answers")};
  if (found.code == "idempotency_reuse") typed.key = http::make_request_id();
  const std::size_t query = std::min(sent.target.find('?'), sent.target.size());
  return write_form(words, "?" + sent.target.substr(std::min(query + 1, sent.target.size())), typed,
                    found.pointers);
}

http::response to_page(http::response answer, const http::request& sent,
                       std::span<const std::string> origins) {
  const page_words& words = words_for(sent);
  const auto said = json::document::parse(answer.body, nullptr, false);
  const fault found = read_fault(said, words);
  const bool is_form = sent.method == "POST" && sent.target.starts_with("/contents");
  const std::string title = is_form ? std::string{words.failed} : text_in(said, "title");
  std::string main = "<h1>" + escape_html(title) +
                     "</h1><div class=\"notice wrong\" role=\"alert\"><p>" +
                     escape_html(explain(found, said, answer, words)) + "</p>";
  if (is_form) main += "<p>" + std::string{words.again} + "</p>";
  main += "</div>";
  if (is_form) main += form_again(sent, found, words);
  const std::string path = sent.target.substr(0, sent.target.find('?'));
  std::string up;
  for (auto slashes = std::ranges::count(path, '/'); slashes > 1; --slashes) up += "../";
  main += "<p><a href=\"" +
          (is_form      ? "./" + escape_html(sent.target.substr(path.rfind('/') + 1))
           : up.empty() ? "./"
                        : up) +
          "\">" + std::string{is_form ? words.back : words.home} + "</a></p>";
  http::response made = make_page({.title = title, .up = up, .lang = words.lang}, main);
  made.status = answer.status;
  made.route = answer.route;
  for (auto& [name, value] : answer.headers)
    if (!name.starts_with("Content-")) made.headers.emplace_back(name, std::move(value));
  protect(made, sent.target.starts_with("/contents") ? page_policy(origins) : page_policy());
  return made;
}

}  // namespace

http::handler with_error_pages(http::handler next, std::vector<std::string> origins) {
  return [next = std::move(next), origins = std::move(origins)](http::request&& asked) {
    if (!wants_page(asked)) return next(std::move(asked));
    const http::request sent{.method = asked.method,
                             .target = asked.target,
                             .headers = asked.headers,
                             .body = asked.method == "POST" ? asked.body : ""};
    http::response answer = next(std::move(asked));
    return is_problem(answer) ? to_page(std::move(answer), sent, origins) : answer;
  };
}

}  // namespace server
