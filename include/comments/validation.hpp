#pragma once
// validation.hpp - whether a draft can be a comment: lengths, UTF-8, addresses.
//
// Every field is checked every time, so that a person hears of all mistakes at once. A violation
// names a field by its JSON pointer in the v1 API, or by its bare name. Codes are "required",
// "too_long", "format", "encoding" (not well-formed UTF-8) and "control_character"; for a name also
// "invisible_character", "too_many_marks" and "badge" (see spoofing.hpp). A body may hold these: a
// page shows each text in an element of its own writing direction, so it turns nothing around it.
//
//   result<draft> checked = validate(std::move(written), limits{});
//   if (!checked)
//     for (const violation& broken : checked.error().violations) show(broken);

#include <comments/comment.hpp>
#include <comments/config.hpp>
#include <comments/result.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace comments::inline v0 {

// The largest of everything; lengths are in bytes of UTF-8. A value of exactly this size is valid.
struct limits {
  std::size_t content_id_bytes_max{255};
  std::size_t body_bytes_max{16'384};
  std::size_t name_bytes_max{200};
  std::size_t name_marks_max{4};     // accents and the like, in a row
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
bool is_email(std::string_view text);

// Whether `text` is the name of a host: labels of letters, digits, - and _ between dots. A label is
// not empty and does not begin or end with a -. Letters may be those of any script.
bool is_host(std::string_view text);

// Whether `text` is the number of a port, 1 to 65535.
bool is_port(std::string_view text);

// Whether `text` is an http or https address that can stand in a link: with the name of a host and
// without user and password, and without any blank, invisible character, quote, angle bracket or
// backslash. An IPv6 address is not accepted in place of the name.
bool is_web_url(std::string_view text);

// Checks the length in bytes, UTF-8, and control characters other than `controls_allowed`. Returns
// whether `text` is fine, and else adds one violation at `pointer` to `found`.
bool check_text(std::vector<violation>& found, std::string_view pointer, std::string_view text,
                std::size_t bytes_max, std::string_view controls_allowed = {});

// Like check_text, and also rejects names that look empty (invisible characters), are overloaded
// with marks, or have a badge. An empty name is fine.
bool check_name(std::vector<violation>& found, std::string_view pointer, std::string_view name,
                const limits& limits);

// These return what is wrong, and nothing if the text is fine. An empty reason is fine.
std::vector<violation> check_reason(std::string_view reason, const limits& limits);
std::vector<violation> check_body(std::string_view body, const limits& limits);
// `pointer` says where the id came from: body, path or query.
std::vector<violation> check_content_id(std::string_view content_id, const limits& limits,
                                        std::string_view pointer = "content_id");
// In the order of the draft's fields.
std::vector<violation> check(const draft& draft, const limits& limits);

// Returns the error `invalid` with these violations.
error to_error(std::vector<violation> violations);

// Returns the draft as it is, or `invalid` with all its violations.
result<draft> validate(draft draft, const limits& limits);

}  // namespace comments::inline v0

#ifndef COMMENTS_COMPILED
#include <comments/validation.ipp>
#endif
