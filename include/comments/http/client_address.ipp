#pragma once
// http/client_address.ipp - definitions of http/client_address.hpp.

#include <comments/http/client_address.hpp>

#include <algorithm>
#include <charconv>
#include <system_error>

namespace comments::inline v0::http {

COMMENTS_INLINE bool address::is_v4() const {
  constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return std::ranges::equal(mapped, std::span{bytes}.first(12));
}

namespace detail {

inline std::optional<std::size_t> parse_number(std::string_view text, std::size_t most,
                                               int base = 10) {
  std::size_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  const bool is_number = code == std::errc{} && end == text.data() + text.size() && number <= most;
  return is_number ? std::optional{number} : std::nullopt;
}

// "192.0.2.1". A number with a 0 before it is none, because some read it as octal.
inline bool parse_v4(std::string_view text, std::span<std::uint8_t> bytes) {
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t end = i < 3 ? text.find('.') : text.size();
    const auto number = parse_number(text.substr(0, end), 255);
    if (!number || end == text.npos || (end > 1 && text.front() == '0')) return false;
    bytes[i] = static_cast<std::uint8_t>(*number);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return true;
}

// Eight groups of hexadecimal digits, of which "::" leaves out one or more that are 0; the last two
// may be written as IPv4 (RFC 4291, section 2.2).
inline bool parse_v6(std::string_view text, std::span<std::uint8_t, 16> bytes) {
  std::size_t size = 0;
  std::optional<std::size_t> gap;
  while (!text.empty()) {
    if (!gap && text.starts_with("::")) {
      gap = size;
      text.remove_prefix(2);
      continue;
    }
    if (size > 0 && gap != size) {
      if (!text.starts_with(':')) return false;
      text.remove_prefix(1);
    }
    const std::string_view group = text.substr(0, text.find(':'));
    if (group.find('.') != group.npos) {
      if (size > 12 || group != text || !parse_v4(group, bytes.subspan(size))) return false;
      size += 4;
    } else {
      const auto number = parse_number(group, 0xffff, 16);
      if (size > 14 || group.size() > 4 || !number) return false;
      bytes[size++] = static_cast<std::uint8_t>(*number >> 8);
      bytes[size++] = static_cast<std::uint8_t>(*number & 0xff);
    }
    text.remove_prefix(group.size());
  }
  if (gap) std::rotate(bytes.data() + *gap, bytes.data() + size, bytes.data() + bytes.size());
  return gap ? size < 16 : size == 16;
}

}  // namespace detail

COMMENTS_INLINE std::optional<address> parse_address(std::string_view text) {
  if (text.find(':') != text.npos) {
    address found;
    const bool is_one = detail::parse_v6(text.substr(0, text.find('%')), found.bytes);
    return is_one ? std::optional{found} : std::nullopt;
  }
  address found{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}};
  const bool is_one = detail::parse_v4(text, std::span{found.bytes}.last(4));
  return is_one ? std::optional{found} : std::nullopt;
}

COMMENTS_INLINE std::string to_text(const address& from) {
  const auto& bytes = from.bytes;
  std::string text;
  if (from.is_v4()) {
    for (std::size_t i = 12; i < 16; ++i)
      text += (text.empty() ? "" : ".") + std::to_string(bytes[i]);
    return text;
  }
  const auto group = [&](std::size_t i) { return bytes[2 * i] << 8 | bytes[2 * i + 1]; };
  std::size_t gap = 8, gap_size = 1;  // the first of the longest runs of zeros, of two or more
  for (std::size_t i = 0, end = 0; i < 8; i = end + 1) {
    for (end = i; end < 8 && group(end) == 0;) ++end;
    if (end - i <= gap_size) continue;
    gap = i;
    gap_size = end - i;
  }
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == gap) {
      text += "::";
      i += gap_size - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    char digits[4] = {};
    text.append(digits, std::to_chars(digits, digits + 4, group(i), 16).ptr);
  }
  return text;
}

COMMENTS_INLINE address first_of(address from, std::size_t bits) {
  for (std::size_t i = 0; i < from.bytes.size(); ++i) {
    const std::size_t kept = std::min<std::size_t>(bits - std::min(bits, i * 8), 8);
    from.bytes[i] &= static_cast<std::uint8_t>(0xff00U >> kept);
  }
  return from;
}

COMMENTS_INLINE bool contains(const network& searched, const address& found) {
  return searched.first.is_v4() == found.is_v4() &&
         first_of(found, searched.bits) == searched.first;
}

namespace detail {

// "10.0.0.0/8", "::1/128" or an address alone, which is a network of one.
inline std::optional<network> parse_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto first = parse_address(text.substr(0, slash));
  if (!first || text.find('%') != text.npos) return std::nullopt;
  if (slash == text.npos) return network{*first, 128};
  const bool is_dotted = text.find(':') == text.npos;
  const auto bits = parse_number(text.substr(slash + 1), is_dotted ? 32 : 128);
  if (!bits) return std::nullopt;
  const network all{first_of(*first, *bits + (is_dotted ? 96 : 0)), *bits + (is_dotted ? 96 : 0)};
  // "::ffff:0:0/64" is neither IPv4 nor IPv6.
  return all.first.is_v4() == first->is_v4() ? std::optional{all} : std::nullopt;
}

// An entry of X-Forwarded-For, which some proxies write with a port: "192.0.2.1:5678",
// "[2001:db8::1]:443".
inline std::optional<address> parse_hop(std::string_view text) {
  const auto is_port = [](std::string_view port) {
    return port.starts_with(':') && parse_number(port.substr(1), 65'535).has_value();
  };
  if (text.starts_with('[')) {
    const std::size_t end = std::min(text.find(']'), text.size() - 1);
    const std::string_view inside = text.substr(1, end - 1), behind = text.substr(end + 1);
    const bool is_whole = text[end] == ']' && inside.find(':') != inside.npos;
    return is_whole && (behind.empty() || is_port(behind)) ? parse_address(inside) : std::nullopt;
  }
  const std::size_t colon = text.find(':');
  const bool has_port = text.find('.') < colon && colon != text.npos;
  if (has_port && !is_port(text.substr(colon))) return std::nullopt;
  return parse_address(has_port ? text.substr(0, colon) : text);
}

}  // namespace detail

COMMENTS_INLINE result<std::vector<network>> parse_networks(std::string_view list) {
  std::vector<network> found;
  if (trim(list).empty()) return found;
  for (bool is_last = false; !is_last;) {
    const std::size_t comma = list.find(',');
    const std::string_view entry = trim(list.substr(0, comma));
    const auto parsed = detail::parse_network(entry);
    if (!parsed)
      return error{errc::invalid, "'" + std::string{entry} +
                                      "' is no network such as 10.0.0.0/8, ::1/128 or 192.0.2.1."};
    found.push_back(*parsed);
    is_last = comma == list.npos;
    list.remove_prefix(is_last ? list.size() : comma + 1);
  }
  return found;
}

COMMENTS_INLINE std::optional<address> client_of(std::string_view peer, const fields& headers,
                                                 std::span<const network> trusted) {
  auto client = parse_address(peer);
  const auto is_trusted = [&](const address& hop) {
    return std::ranges::any_of(trusted,
                               [&](const network& proxies) { return contains(proxies, hop); });
  };
  if (!client || !is_trusted(*client)) return client;
  for (auto line = headers.rbegin(); line != headers.rend(); ++line) {
    if (!is_same_name(line->first, "X-Forwarded-For")) continue;
    std::string_view left = line->second;
    while (!left.empty()) {
      const std::size_t start = left.rfind(',') + 1;  // 0 if there is none
      const std::string_view entry = trim(left.substr(start));
      left = left.substr(0, start == 0 ? 0 : start - 1);
      if (entry.empty()) continue;  // as in any list (RFC 9110, section 5.6.1)
      const auto hop = detail::parse_hop(entry);
      if (!hop) return client;
      client = hop;
      if (!is_trusted(*hop)) return client;
    }
  }
  return client;
}

COMMENTS_INLINE std::string client_key(const request& asked, std::span<const network> trusted) {
  const auto client = client_of(asked.peer, asked.headers, trusted);
  if (!client) return asked.peer;
  constexpr std::size_t site_bits = 64;
  return client->is_v4() ? to_text(*client) : to_text(first_of(*client, site_bits)) + "/64";
}

COMMENTS_INLINE std::string network_key(std::string_view client) {
  constexpr std::string_view site = "/64";
  constexpr std::size_t network_bits = 48;
  if (!client.ends_with(site)) return "";
  const auto first = parse_address(client.substr(0, client.size() - site.size()));
  if (!first || first->is_v4()) return "";
  return to_text(first_of(*first, network_bits)) + "/48";
}

COMMENTS_INLINE std::string client_key(std::string_view bytes, std::string_view peer,
                                       std::span<const network> trusted) {
  constexpr std::string_view name = "X-Forwarded-For", line_end = "\r\n";
  request about{.peer = std::string{peer}};
  std::string_view head = bytes.substr(0, bytes.find("\r\n\r\n"));
  if (trusted.empty()) head = {};
  for (std::size_t end = head.find(line_end); end != head.npos; end = head.find(line_end)) {
    head.remove_prefix(end + line_end.size());
    const std::string_view line = head.substr(0, head.find(line_end));
    if (line.size() > name.size() && line[name.size()] == ':' &&
        is_same_name(line.substr(0, name.size()), name))
      about.headers.emplace_back(name, trim(line.substr(name.size() + 1)));
  }
  return client_key(about, trusted);
}

}  // namespace comments::inline v0::http
