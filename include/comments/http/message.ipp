#pragma once
// http/message.ipp - definitions of http/message.hpp.

#include <comments/http/message.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

namespace comments::inline v0::http {

namespace detail {

struct known_header {
  std::string_view name{};
  bool is_list{};
};

inline constexpr known_header known_headers[] = {{"Authorization"},
                                                 {"Proxy-Authorization"},
                                                 {"Host"},
                                                 {"Content-Type"},
                                                 {"Content-Length"},
                                                 {"Content-Range"},
                                                 {"Idempotency-Key"},
                                                 {"Comments-Browser"},
                                                 {"If-Modified-Since"},
                                                 {"If-Unmodified-Since"},
                                                 {"If-Range"},
                                                 {"Range"},
                                                 {"Origin"},
                                                 {"Sec-Fetch-Site"},
                                                 {"Access-Control-Request-Method"},
                                                 {"Last-Event-ID"},
                                                 {"If-Match", true},
                                                 {"If-None-Match", true},
                                                 {"Accept", true},
                                                 {"Accept-Encoding", true},
                                                 {"Accept-Language", true},
                                                 {"Content-Encoding", true}};

inline const known_header* find_known(std::string_view name) {
  const auto* known = std::ranges::find_if(
      known_headers, [&](const known_header& one) { return is_same_name(one.name, name); });
  return known == std::end(known_headers) ? nullptr : known;
}

}  // namespace detail

COMMENTS_INLINE std::string_view settle_headers(fields& headers) {
  std::array<std::string*, std::size(detail::known_headers)> values{};
  std::vector<std::size_t> joined;
  for (std::size_t i = 0; i < headers.size(); ++i) {
    auto& [name, value] = headers[i];
    const auto* known = detail::find_known(name);
    if (!known) continue;
    std::string*& first = values[static_cast<std::size_t>(known - detail::known_headers)];
    if (!std::exchange(first, first ? first : &value)) continue;
    if (!known->is_list) return known->name;
    first->append(", ").append(value);
    joined.push_back(i);
  }
  for (auto at = joined.rbegin(); at != joined.rend(); ++at)
    headers.erase(headers.begin() + static_cast<std::ptrdiff_t>(*at));
  return {};
}

COMMENTS_INLINE bool is_authority(std::string_view text) {
  const bool has_brackets = text.starts_with('[');  // around an IPv6 address
  const std::size_t end = text.find(has_brackets ? ']' : ':');
  if (has_brackets && end == text.npos) return false;
  const std::string_view host = has_brackets ? text.substr(1, end - 1) : text.substr(0, end);
  const std::string_view port = end == text.npos ? "" : text.substr(end + has_brackets);
  return !host.empty() && host.find_first_of(" \t/?#@\\\"<>{}|^`,[]") == host.npos &&
         (port.empty() || port.front() == ':') &&
         std::all_of(port.begin() + !port.empty(), port.end(),
                     [](char c) { return c >= '0' && c <= '9'; });
}

COMMENTS_INLINE bool settle_target(request& asked) {
  const std::string_view target = asked.target;
  if (target.find('#') != target.npos) return false;
  if (target.starts_with('/')) return true;
  if (target == "*") return asked.method == "OPTIONS";
  const std::size_t scheme = target.find("://");
  if (scheme == target.npos || !(is_same_name(target.substr(0, scheme), "http") ||
                                 is_same_name(target.substr(0, scheme), "https")))
    return false;
  const std::string_view behind = target.substr(scheme + 3);
  std::string authority{behind.substr(0, behind.find_first_of("/?"))};
  if (!is_authority(authority)) return false;
  const std::string_view path = behind.substr(authority.size());
  std::string settled = path.starts_with('/') ? "" : "/";
  settled.append(path);
  std::erase_if(asked.headers,
                [](const auto& header) { return is_same_name(header.first, "Host"); });
  asked.headers.emplace_back("Host", std::move(authority));
  asked.target = std::move(settled);
  return true;
}

COMMENTS_INLINE std::optional<std::string> percent_decode(std::string_view text, bool is_query) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  };
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += is_query && text[i] == '+' ? ' ' : text[i];
      continue;
    }
    if (i + 2 >= text.size() || digit(text[i + 1]) < 0 || digit(text[i + 2]) < 0)
      return std::nullopt;
    decoded += static_cast<char>(digit(text[i + 1]) << 4 | digit(text[i + 2]));
    i += 2;
  }
  return decoded;
}

COMMENTS_INLINE std::string percent_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                          (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_' || c == '~';
    const auto byte = static_cast<unsigned char>(c);
    if (is_plain)
      encoded += c;
    else
      encoded.append({'%', digits[byte >> 4], digits[byte & 0x0f]});
  }
  return encoded;
}

COMMENTS_INLINE error bad_encoding(std::string_view where) {
  return {errc::malformed,
          "The percent-encoding is broken.",
          {{std::string{where}, "percent_encoding"}}};
}

COMMENTS_INLINE result<fields> parse_query(std::string_view text) {
  fields found;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto name = percent_decode(pair.substr(0, equals), true);
    if (!name) return bad_encoding("query");
    auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!value) return bad_encoding(*name);
    found.emplace_back(std::move(*name), std::move(*value));
  }
  return found;
}

COMMENTS_INLINE bool is_probe(std::string_view target) {
  constexpr std::string_view probes[] = {"/healthz", "/readyz", "/metrics", "/version"};
  return std::ranges::find(probes, target.substr(0, target.find('?'))) != std::end(probes);
}

COMMENTS_INLINE std::string to_etag(const stamp& of) { return '"' + to_string(of) + '"'; }

COMMENTS_INLINE std::string to_etag(const stamp& of, std::string_view form) {
  return '"' + to_string(of).append("-").append(form) + '"';
}

COMMENTS_INLINE bool has_etag(std::string_view header, std::string_view etag, bool is_weak) {
  while (!header.empty()) {
    const std::string_view item = header.substr(0, header.find(','));
    header.remove_prefix(std::min(header.size(), item.size() + 1));
    std::string_view tag = trim(item);
    if (is_weak && tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag == etag || tag == "*") return true;
  }
  return false;
}

COMMENTS_INLINE bool has_strong_etag(std::string_view header, std::string_view etag) {
  return has_etag(header, etag, false);
}

}  // namespace comments::inline v0::http
