#pragma once
// validation.hpp - what a draft must be before anything else looks at it.
//
// Every field is checked every time, so that a person hears of all mistakes at once. A violation
// names its field by the JSON pointer of the v1 API; codes are "required", "too_long", "format",
// "encoding" (no well-formed UTF-8) and "control_character".
//
//   result<draft> checked = validate(std::move(written), limits{});
//   if (!checked) show(checked.error().violations);

#include <comments/comment.hpp>
#include <comments/result.hpp>
#include <comments/text.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments {

// The most of everything, lengths in bytes of UTF-8. Equal is accepted, one more is not.
struct limits {
  std::size_t content_id_bytes_max{255};
  std::size_t body_bytes_max{16'384};
  std::size_t name_bytes_max{200};
  std::size_t email_bytes_max{254};  // RFC 5321, as corrected by erratum 1690
  std::size_t url_bytes_max{2048};
  std::size_t key_bytes_max{255};
  std::size_t reason_bytes_max{1000};  // of a report, or of a moderator's decision
  std::size_t json_depth_max{32};      // levels, the outermost counted
  std::size_t subject_bytes_max{255};
  std::size_t jwt_bytes_max{8192};
};

inline bool is_ascii_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Whether `text` is an e-mail address as HTML's <input type=email> has it ("valid e-mail address"
// in the WHATWG HTML standard): letters, digits and some marks, one @, and a host name of labels of
// 1 to 63 characters.
inline bool is_email(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at == 0 || at == text.npos) return false;
  const bool local = std::ranges::all_of(text.substr(0, at), [](char c) {
    return is_ascii_alphanumeric(c) ||
           std::string_view{".!#$%&'*+/=?^_`{|}~-"}.find(c) != std::string_view::npos;
  });
  if (!local) return false;
  for (std::string_view host = text.substr(at + 1);;) {
    const std::size_t dot = host.find('.');
    const std::string_view label = host.substr(0, dot);
    const bool fits =
        !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
        std::ranges::all_of(label, [](char c) { return is_ascii_alphanumeric(c) || c == '-'; });
    if (!fits) return false;
    if (dot == host.npos) return true;
    host.remove_prefix(dot + 1);
  }
}

// Whether `text` is an http or https address with a host and without ASCII spaces, quotes or angle
// brackets, so that it can stand in a link.
inline bool is_web_url(std::string_view text) {
  const auto starts = [&](std::string_view scheme) {
    return text.size() > scheme.size() &&
           std::ranges::equal(text.substr(0, scheme.size()), scheme, [](char a, char b) {
             return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b;
           });
  };
  if (!starts("http://") && !starts("https://")) return false;
  const std::string_view host = text.substr(text.find("://") + 3);
  return std::string_view{"/?#:@"}.find(host.front()) == std::string_view::npos &&
         text.find_first_of(" \"'<>\\`") == text.npos;
}

// Notes what `text` breaks, if it breaks anything, under `pointer`: its length in bytes, UTF-8, or
// control characters other than `controls_allowed`. Answers whether it is fine.
inline bool check_text(std::vector<violation>& found, std::string_view pointer,
                       std::string_view text, std::size_t bytes_max,
                       std::string_view controls_allowed = {}) {
  std::string_view code;
  if (text.size() > bytes_max)
    code = "too_long";
  else if (!is_utf8(text))
    code = "encoding";
  else if (has_control(text, controls_allowed))
    code = "control_character";
  if (!code.empty()) found.push_back({std::string{pointer}, std::string{code}});
  return code.empty();
}

// Every rule that a reason breaks; an empty one breaks none.
inline std::vector<violation> check_reason(std::string_view reason, const limits& limits) {
  std::vector<violation> found;
  check_text(found, "/reason", reason, limits.reason_bytes_max, "\n\r\t");
  return found;
}

// Every rule that a content's id breaks. `pointer` says where it came from: body, path or query.
inline std::vector<violation> check_content_id(std::string_view content_id, const limits& limits,
                                               std::string_view pointer = "content_id") {
  std::vector<violation> found;
  if (check_text(found, pointer, content_id, limits.content_id_bytes_max) && is_blank(content_id))
    found.push_back({std::string{pointer}, "required"});
  return found;
}

// Every rule that a comment's text breaks.
inline std::vector<violation> check_body(std::string_view body, const limits& limits) {
  std::vector<violation> found;
  if (check_text(found, "/body", body, limits.body_bytes_max, "\n\r\t") && is_blank(body))
    found.push_back({"/body", "required"});
  return found;
}

// Every rule that `draft` breaks, in the order of its fields; none if it is acceptable.
inline std::vector<violation> check(const draft& draft, const limits& limits) {
  const author& author = draft.author;
  std::vector<violation> found = check_content_id(draft.content_id, limits, "/content_id");
  std::ranges::move(check_body(draft.body, limits), std::back_inserter(found));
  check_text(found, "/author/name", author.name, limits.name_bytes_max);
  if (check_text(found, "/author/email", author.email, limits.email_bytes_max) &&
      !author.email.empty() && !is_email(author.email))
    found.push_back({"/author/email", "format"});
  if (check_text(found, "/author/url", author.url, limits.url_bytes_max) && !author.url.empty() &&
      !is_web_url(author.url))
    found.push_back({"/author/url", "format"});
  if (check_text(found, "Idempotency-Key", draft.key, limits.key_bytes_max) &&
      !std::ranges::all_of(draft.key, [](char c) { return c > ' ' && c < 0x7f; }))
    found.push_back({"Idempotency-Key", "format"});
  return found;
}

// `invalid`, with everything that was found.
inline error to_error(std::vector<violation> violations) {
  return {errc::invalid, "The request breaks the rules listed in errors.", std::move(violations)};
}

// The draft itself, or `invalid` with every violation.
inline result<draft> validate(draft draft, const limits& limits) {
  std::vector<violation> found = check(draft, limits);
  if (!found.empty()) return to_error(std::move(found));
  return draft;
}

}  // namespace comments
