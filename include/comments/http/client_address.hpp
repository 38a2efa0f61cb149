#pragma once
// http/client_address.hpp - which client a request comes from, also behind proxies.
//
// X-Forwarded-For is a list. Each proxy appends the address of its peer, and a client can send a
// list of its own to begin with. So the header counts only where a trusted proxy brought it, and it
// is read from its end: the first address there that is not a trusted proxy's is the client. An
// IPv6 client has a /64 at least, so that is what identifies it. Whoever has a /48 has 65,536 of
// these, so limits count its clients together, too.
//
//   using namespace comments;
//   const auto trusted = http::parse_networks("10.0.0.0/8, ::1/128");
//   const http::request asked{.headers = {{"X-Forwarded-For", "192.0.2.1"}}, .peer = "10.0.0.1"};
//   const std::string client = http::client_key(asked, *trusted);  // "192.0.2.1"

#include <comments/config.hpp>
#include <comments/http/message.hpp>
#include <comments/result.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace comments::inline v0::http {

// An IPv6 address; an IPv4 address a.b.c.d is ::ffff:a.b.c.d (RFC 4291, section 2.5.5.2).
struct address {
  std::array<std::uint8_t, 16> bytes{};

  bool is_v4() const;
  friend bool operator==(const address&, const address&) = default;
};

// All addresses that begin with the first `bits` bits of `first`; for IPv4, 96 or more.
struct network {
  address first{};
  std::size_t bits{};

  friend bool operator==(const network&, const network&) = default;
};

// Returns the address that `text` is: "192.0.2.1", "2001:db8::1", or "fe80::1%eth0", whose zone is
// ignored. Nothing for any other text.
std::optional<address> parse_address(std::string_view text);

// Returns the canonical text (RFC 5952).
std::string to_text(const address& from);

// Returns `from` with all but its first `bits` bits 0.
address first_of(address from, std::size_t bits);

// Returns whether the network has the address. No IPv6 network has an IPv4 address, not even ::/0.
bool contains(const network& searched, const address& found);

// Returns the networks in "10.0.0.0/8, ::1/128, 192.0.2.1": networks and addresses with commas
// between them; an empty text has none. `invalid` names the first entry that is neither.
result<std::vector<network>> parse_networks(std::string_view list);

// Returns the client of a request that came from `peer` with these headers; nothing if `peer` is
// not an address. An entry that is not an address ends the reading: the client is then the trusted
// proxy that brought the entry. If all entries are trusted, the client is the first one.
std::optional<address> client_of(std::string_view peer, const fields& headers,
                                 std::span<const network> trusted);

// Returns the text that identifies `asked`'s client: an IPv4 address, or the /64 of an IPv6
// address. A peer that is not an address (an adapter of the embedder's may set one) is returned as
// it is.
std::string client_key(const request& asked, std::span<const network> trusted);
// The same for a request as it came from a connection: `bytes` begin with its head.
std::string client_key(std::string_view bytes, std::string_view peer,
                       std::span<const network> trusted);

// Returns the text that identifies the /48 of the client that `client_key` has returned; empty if
// that is no IPv6 client.
std::string network_key(std::string_view client);

}  // namespace comments::inline v0::http

#ifndef COMMENTS_COMPILED
#include <comments/http/client_address.ipp>
#endif
