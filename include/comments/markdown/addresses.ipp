#pragma once
// markdown/addresses.ipp - definitions of markdown/addresses.hpp.

#include <comments/markdown/addresses.hpp>

#include <comments/characters.hpp>
#include <comments/markdown/hints.hpp>
#include <comments/spoofing.hpp>
#include <comments/text.hpp>
#include <comments/validation.hpp>

#include <algorithm>

namespace comments::inline v0::markdown {

namespace detail {

inline bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

// Whether no address goes on over `point`, which is not ASCII.
inline bool ends_address(char32_t point) {
  if (is_hint(point) || is_joiner(point) || is_selector(point)) return false;
  return is_punctuation(point) || is_invisible(point);
}

// Returns where the host that begins at `begin` ends. A last label that begins in ASCII and goes on
// in another script is a domain with a word behind it, as in "example.com에서".
inline std::size_t end_of_host(std::string_view text, std::size_t begin) {
  const std::string_view most = text.substr(0, begin + host_bytes_max + 1);
  std::size_t at = begin, label = begin, turn = most.npos;
  while (at < most.size()) {
    const char c = most[at];
    if (is_ascii(c)) {
      if (!is_ascii_alphanumeric(c) && c != '-' && c != '_' && c != '.') break;
      ++at;
      if (c == '.') label = at, turn = most.npos;
      continue;
    }
    const std::size_t start = at;
    const auto point = next_code_point(most, at);
    if (!point) break;
    if (ends_address(*point) || is_joining_punctuation(*point)) {
      at = start;
      break;
    }
    if (turn == most.npos && start > label && is_ascii(most[label])) turn = start;
  }
  return std::min(at, turn);
}

// Whether `host` can be one: "_" is in none of its last two labels, and it has a dot if it needs
// one.
inline bool is_host(std::string_view host, bool needs_dot) {
  while (host.ends_with('.')) host.remove_suffix(1);
  if (host.empty() || host.size() > host_bytes_max) return false;
  if (is_ascii(host[0]) && !is_ascii_alphanumeric(host[0])) return false;
  const std::size_t last = host.rfind('.');
  if (last == host.npos) return !needs_dot && host.find('_') == host.npos;
  const std::size_t before = last == 0 ? host.npos : host.rfind('.', last - 1);
  return host.substr(before == host.npos ? 0 : before).find('_') == host.npos;
}

// Returns where the address ends that is at least [begin, at). `text[at]` may belong to it.
inline std::size_t end_of_path(std::string_view text, std::size_t begin, std::size_t at) {
  const char before = begin > 0 ? text[begin - 1] : ' ';
  const bool is_framed = std::string_view{"'*~"}.find(before) != std::string_view::npos;
  std::size_t round = 0, square = 0, row = at;
  bool is_closing = false;
  while (at < text.size()) {
    const char c = text[at];
    if (!is_ascii(c)) {
      const std::size_t start = at;
      const auto point = next_code_point(text, at);
      if (!point || ends_address(*point)) return start;
      continue;
    }
    if (c <= ' ' || std::string_view{"<>\"`\x7f"}.find(c) != std::string_view::npos) return at;
    if (at >= row) {
      row = std::min(text.find_first_not_of(c, at), text.size());
      is_closing = row < text.size() && !is_ascii(text[row]);  // a word goes on behind the row
    }
    if (is_closing && ((is_framed && c == before) || (c == ')' && round == 0))) return at;
    if (c == ']' && square == 0) return at;
    round += c == '(';
    square += c == '[';
    round -= c == ')' && round > 0;
    square -= c == ']' && square > 0;
    ++at;
  }
  return at;
}

// Returns where `address` ends without what may stand behind it.
inline std::size_t end_without_punctuation(std::string_view address) {
  const auto opened = std::ranges::count(address, '(');
  auto closed = std::ranges::count(address, ')');
  for (; !address.empty(); address.remove_suffix(1)) {
    const char last = address.back();
    if (!is_ascii(last)) {
      std::size_t start = address.size() - 1;
      while (start > 0 && (static_cast<unsigned char>(address[start]) & 0xc0) == 0x80) --start;
      std::size_t at = start;
      const auto point = next_code_point(address, at);
      if (!point || !(is_joining_punctuation(*point) || is_hint(*point))) break;
      address = address.substr(0, start + 1);
    } else if (last == ';') {
      const std::size_t name = address.find_last_not_of(
          "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789#", address.size() - 2);
      const bool is_entity = name != address.npos && address[name] == '&';
      if (is_entity) address = address.substr(0, name + 1);
    } else if (last == ')') {
      if (closed <= opened) break;
      --closed;
    } else if (std::string_view{"?!.,:*_~'"}.find(last) == std::string_view::npos) {
      break;
    }
  }
  return address.size();
}

// Returns the address in [begin, …) whose host begins at `host`.
inline std::optional<bare_address> find_web_address(std::string_view text, std::size_t begin,
                                                    std::size_t host, std::string_view scheme) {
  std::size_t behind = end_of_host(text, host);
  while (behind > host && (text[behind - 1] == '_' || text[behind - 1] == '-')) --behind;
  if (!is_host(text.substr(host, behind - host), !scheme.empty())) return std::nullopt;
  std::size_t end = behind;
  const std::string_view rest = text.substr(end);
  const bool is_port = rest.size() > 1 && rest[0] == ':' && is_ascii_alphanumeric(rest[1]);
  const bool goes_on =
      is_port || (!rest.empty() && std::string_view{"/?#@"}.find(rest[0]) != rest.npos);
  if (goes_on) end = end_of_path(text, begin, end);
  end = begin + end_without_punctuation(text.substr(begin, end - begin));
  if (end <= host) return std::nullopt;
  return bare_address{begin, end, scheme};
}

inline std::optional<bare_address> find_web_address(std::string_view text, std::size_t at) {
  std::size_t begin = at;
  while (begin > 0 && at - begin < 6 && is_ascii_alphanumeric(text[begin - 1])) --begin;
  const std::string scheme = to_lower_ascii(text.substr(begin, at - begin));
  if (scheme != "http" && scheme != "https") return std::nullopt;
  return find_web_address(text, begin, at + 3, "");
}

// Whether an address without a scheme may stand behind `before`.
inline bool may_precede(char before) {
  return !is_ascii(before) ||
         std::string_view{" \t\n*_~([\"'>"}.find(before) != std::string_view::npos;
}

inline std::optional<bare_address> find_mail_address(std::string_view text, std::size_t at) {
  const auto is_letter = [&](std::size_t where) {
    return where < text.size() && is_ascii_alphanumeric(text[where]);
  };
  std::size_t begin = at;
  for (; begin > 0 && at - begin <= local_bytes_max; --begin) {
    const char c = text[begin - 1];
    const bool is_joined = c == '_' && begin > 1 && is_letter(begin - 2) && is_letter(begin);
    if (!is_letter(begin - 1) && c != '.' && c != '+' && c != '-' && !is_joined) break;
  }
  while (begin < at && !is_letter(begin)) ++begin;
  if (begin == at || at - begin > local_bytes_max) return std::nullopt;
  const std::string_view domain_most = text.substr(at + 1, host_bytes_max + 1);
  std::size_t size = 0;
  while (size < domain_most.size() &&
         (is_letter(at + 1 + size) ||
          std::string_view{"-._"}.find(domain_most[size]) != domain_most.npos))
    ++size;
  if (size > host_bytes_max) return std::nullopt;
  std::string_view domain = domain_most.substr(0, size);
  while (!domain.empty() && !is_ascii_alphanumeric(domain.back())) domain.remove_suffix(1);
  const std::size_t end = at + 1 + domain.size();
  const bool is_domain = domain.find('.') != domain.npos && domain.find("..") == domain.npos &&
                         is_ascii_alphanumeric(domain.front()) && domain.back() > '9';
  if (!is_domain || (end < text.size() && text[end] == '@')) return std::nullopt;
  const std::string_view front = text.substr(0, begin);
  if (front.ends_with("mailto:")) return bare_address{begin - 7, end, ""};
  if (front.ends_with("xmpp:") || front.ends_with('/')) return std::nullopt;
  return bare_address{begin, end, "mailto:"};
}

}  // namespace detail

COMMENTS_INLINE std::optional<bare_address> find_address(std::string_view text, std::size_t at) {
  const std::string_view rest = text.substr(at);
  if (rest.starts_with("://")) return detail::find_web_address(text, at);
  if (rest.starts_with('@')) return detail::find_mail_address(text, at);
  const bool is_web = rest.size() > 4 && to_lower_ascii(rest.substr(0, 4)) == "www.";
  if (!is_web || (at > 0 && !detail::may_precede(text[at - 1]))) return std::nullopt;
  auto found = detail::find_web_address(text, at, at, "http://");
  if (found && found->end <= at + 4) return std::nullopt;
  return found;
}

}  // namespace comments::inline v0::markdown
