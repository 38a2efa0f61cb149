#include "error_page.hpp"

#include "page.hpp"

#include <comments/http/middleware.hpp>
#include <comments/json/document.hpp>

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

std::string text_in(const json::value& object, const char* name) {
  const json::value* const found = object.find(name);
  return found && found->as_text() ? found->text : "";
}

// Returns "Name has characters that cannot be used" for a field of the form, and nothing for
// others.
std::string to_sentence(const language& words, std::string_view pointer, std::string_view code) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> fields{
      {{"/body", "text"}, {"/author/name", "name"}, {"/author/email", "email"}}};
  const auto field =
      std::ranges::find(fields, pointer, [](const auto& known) { return known.first; });
  if (field == fields.end()) return {};
  const bool has_word = code == "required" || code == "too_long" || code == "format";
  const std::string name{words.word(field->second)};
  return name + " " + std::string{words.word(has_word ? code : "wrong")} + ".";
}

struct fault {
  std::string code{};
  std::string pointers{};     // of fields that are wrong, one a line
  std::string explanation{};  // for a person
};

// Takes the sentences about the form's fields, as far as the problem names them.
void read_fields(fault& found, const json::value& problem, const language& words) {
  const json::value* const errors = problem.find("errors");
  if (!errors) return;
  for (const json::value& entry : errors->items) {
    const std::string pointer = text_in(entry, "pointer");
    const std::string sentence = to_sentence(words, pointer, text_in(entry, "code"));
    found.pointers += pointer + "\n";
    if (sentence.empty()) continue;
    if (!found.explanation.empty()) found.explanation += " ";
    found.explanation += sentence;
  }
}

fault read_fault(const json::value& problem, const http::response& answer, bool is_form,
                 const language& words) {
  fault found{.code = text_in(problem, "code")};
  read_fields(found, problem, words);
  if (!found.explanation.empty()) return found;
  if (found.code == "rate_limited") {
    const auto seconds = http::find_header(answer.headers, "Retry-After").value_or("1");
    found.explanation = words.say("tooOften", {{"seconds", seconds}});
  } else if (found.code == "idempotency_reuse") {
    found.explanation = words.word("keyReused");
  } else if (found.code == "forbidden" && is_form) {
    found.explanation = words.word("otherSite");
  } else if (found.code == "content_locked") {
    found.explanation = words.word("content_locked");
  } else {
    found.explanation = text_in(problem, "detail");
  }
  return found;
}

// Returns the form as it was sent. A key that belongs to another comment is replaced by a new one.
safe_html form_again(const http::request& sent, const fault& found, const language& words,
                     const form_renewal& renew) {
  const auto fields = http::parse_query(sent.body);
  const auto text = [&](std::string_view name) {
    return fields ? std::string{http::find_field(*fields, name).value_or("")} : "";
  };
  form_fields typed{.body = text("body"),
                    .name = text("name"),
                    .email = text("email"),
                    .parent_id = text("parent_id"),
                    .answers = text("answers"),
                    .form = renew(text("form")),
                    .key = text("key")};
  if (found.code == "idempotency_reuse") typed.key = http::make_request_id();
  const std::size_t query = std::min(sent.target.find('?'), sent.target.size());
  const std::string same_query = sent.target.substr(std::min(query + 1, sent.target.size()));
  return make_form(typed, relative_url{"?" + same_query}, found.pointers, words);
}

// Returns the way from the request's path up to the server's root: "", "../", "../../".
std::string root_of(std::string_view path) {
  std::string root;
  for (auto slashes = std::ranges::count(path, '/'); slashes > 1; --slashes) root += "../";
  return root;
}

http::response make_error_page(const http::response& answer, const http::request& sent,
                               const language& words, const form_renewal& renew) {
  constexpr std::size_t depth_max = 8;
  const json::value problem = json::parse(answer.body, depth_max).value_or({});
  const bool is_form = sent.method == "POST" && sent.target.starts_with("/contents");
  const fault found = read_fault(problem, answer, is_form, words);
  const std::string path = sent.target.substr(0, sent.target.find('?'));
  frame around{.title = is_form ? std::string{words.word("notPosted")} : text_in(problem, "title"),
               .root = root_of(path)};
  const std::string same_page = "./" + sent.target.substr(path.rfind('/') + 1);
  const std::string home = around.root.empty() ? "./" : around.root;
  values shown;
  shown.set_text("title", around.title);
  shown.set_text("explanation", found.explanation);
  shown.set_flag("is_form", is_form);
  if (is_form) shown.set_html("form_html", form_again(sent, found, words, renew));
  shown.set_text("back", words.word(is_form ? "back" : "home"));
  shown.set_url("back_url", relative_url{is_form ? same_page : home});
  return make_page(around, render("problem.html", shown, words), words);
}

http::response to_page(http::response answer, const http::request& sent,
                       std::span<const std::string> origins, const form_renewal& renew) {
  http::response made = make_error_page(answer, sent, language_for(sent), renew);
  made.status = answer.status;
  made.route = answer.route;
  for (auto& [name, value] : answer.headers)
    if (!name.starts_with("Content-")) made.headers.emplace_back(name, std::move(value));
  protect(made, sent.target.starts_with("/contents") ? page_policy(origins) : page_policy());
  return made;
}

}  // namespace

http::handler with_error_pages(http::handler next, std::vector<std::string> origins,
                               form_renewal renew) {
  return [next = std::move(next), origins = std::move(origins),
          renew = std::move(renew)](http::request&& asked) {
    if (!wants_page(asked)) return next(std::move(asked));
    asked.on_ready = nullptr;  // a page is made of the response, where it was asked for
    const http::request sent{.method = asked.method,
                             .target = asked.target,
                             .headers = asked.headers,
                             .body = asked.method == "POST" ? asked.body : ""};
    http::response answer = next(std::move(asked));
    return is_problem(answer) ? to_page(std::move(answer), sent, origins, renew) : answer;
  };
}

}  // namespace server
