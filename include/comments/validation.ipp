#pragma once
// validation.ipp - definitions of validation.hpp.

#include <comments/validation.hpp>

#include <comments/spoofing.hpp>
#include <comments/text.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace comments::inline v0 {

COMMENTS_INLINE bool is_email(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at == 0 || at == text.npos) return false;
  const bool local =
      std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), [](char c) {
        return is_ascii_alphanumeric(c) ||
               std::string_view{".!#$%&'*+/=?^_`{|}~-"}.find(c) != std::string_view::npos;
      });
  if (!local) return false;
  for (std::string_view host = text.substr(at + 1);;) {
    const std::size_t dot = host.find('.');
    const std::string_view label = host.substr(0, dot);
    const bool fits = !label.empty() && label.size() <= 63 && label.front() != '-' &&
                      label.back() != '-' && std::all_of(label.begin(), label.end(), [](char c) {
                        return is_ascii_alphanumeric(c) || c == '-';
                      });
    if (!fits) return false;
    if (dot == host.npos) return true;
    host.remove_prefix(dot + 1);
  }
}

COMMENTS_INLINE bool is_host(std::string_view text) {
  while (true) {
    const std::size_t dot = text.find('.');
    const std::string_view label = text.substr(0, dot);
    const bool fits = !label.empty() && label.front() != '-' && label.back() != '-' &&
                      std::all_of(label.begin(), label.end(), [](char c) {
                        return is_ascii_alphanumeric(c) || c == '-' || c == '_' || (c & 0x80) != 0;
                      });
    if (!fits) return false;
    if (dot == text.npos) return true;
    text.remove_prefix(dot + 1);
  }
}

COMMENTS_INLINE bool is_port(std::string_view text) {
  unsigned port = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || port > 65'535) return false;
    port = 10 * port + static_cast<unsigned>(c - '0');
  }
  return port >= 1 && port <= 65'535;
}

COMMENTS_INLINE bool is_web_url(std::string_view text) {
  const std::string lower = to_lower_ascii(text.substr(0, 8));
  if (!lower.starts_with("http://") && !lower.starts_with("https://")) return false;
  for (std::size_t at = 0; at < text.size();) {
    const auto point = next_code_point(text, at);
    if (!point || is_invisible(*point)) return false;
  }
  if (text.find_first_of("\"'<>\\`") != text.npos) return false;
  const std::string_view rest = text.substr(text.find("://") + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  const std::size_t colon = authority.find(':');
  return is_host(authority.substr(0, colon)) &&
         (colon == authority.npos || is_port(authority.substr(colon + 1)));
}

COMMENTS_INLINE bool check_text(std::vector<violation>& found, std::string_view pointer,
                                std::string_view text, std::size_t bytes_max,
                                std::string_view controls_allowed) {
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

COMMENTS_INLINE std::vector<violation> check_reason(std::string_view reason, const limits& limits) {
  std::vector<violation> found;
  check_text(found, "/reason", reason, limits.reason_bytes_max, "\n\r\t");
  return found;
}

COMMENTS_INLINE bool check_name(std::vector<violation>& found, std::string_view pointer,
                                std::string_view name, const limits& limits) {
  if (!check_text(found, pointer, name, limits.name_bytes_max)) return false;
  const bool is_hidden = !name.empty() && (is_blank(name) || has_hidden_character(name));
  const bool is_flooded = marks_in_a_row(name) > limits.name_marks_max;
  const std::string_view code = is_hidden         ? "invisible_character"
                                : is_flooded      ? "too_many_marks"
                                : has_badge(name) ? "badge"
                                                  : "";
  if (!code.empty()) found.push_back({std::string{pointer}, std::string{code}});
  return code.empty();
}

COMMENTS_INLINE std::vector<violation> check_content_id(std::string_view content_id,
                                                        const limits& limits,
                                                        std::string_view pointer) {
  std::vector<violation> found;
  if (check_text(found, pointer, content_id, limits.content_id_bytes_max) && is_blank(content_id))
    found.push_back({std::string{pointer}, "required"});
  return found;
}

COMMENTS_INLINE std::vector<violation> check_body(std::string_view body, const limits& limits) {
  std::vector<violation> found;
  if (check_text(found, "/body", body, limits.body_bytes_max, "\n\r\t") && is_blank(body))
    found.push_back({"/body", "required"});
  return found;
}

COMMENTS_INLINE std::vector<violation> check(const draft& draft, const limits& limits) {
  const author& author = draft.author;
  std::vector<violation> found = check_content_id(draft.content_id, limits, "/content_id");
  for (violation& one : check_body(draft.body, limits)) found.push_back(std::move(one));
  check_name(found, "/author/name", author.name, limits);
  if (check_text(found, "/author/email", author.email, limits.email_bytes_max) &&
      !author.email.empty() && !is_email(author.email))
    found.push_back({"/author/email", "format"});
  if (check_text(found, "/author/url", author.url, limits.url_bytes_max) && !author.url.empty() &&
      !is_web_url(author.url))
    found.push_back({"/author/url", "format"});
  if (check_text(found, "key", draft.key, limits.key_bytes_max) &&
      !std::all_of(draft.key.begin(), draft.key.end(), [](char c) { return c > ' ' && c < 0x7f; }))
    found.push_back({"key", "format"});
  return found;
}

COMMENTS_INLINE error to_error(std::vector<violation> violations) {
  return {errc::invalid, "The request breaks the rules listed in errors.", std::move(violations)};
}

COMMENTS_INLINE result<draft> validate(draft draft, const limits& limits) {
  std::vector<violation> found = check(draft, limits);
  if (!found.empty()) return to_error(std::move(found));
  return draft;
}

}  // namespace comments::inline v0
