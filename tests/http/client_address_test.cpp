#include <comments/http/client_address.hpp>

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace comments;
using namespace comments::http;

namespace {

std::vector<network> networks(std::string_view list) {
  auto found = parse_networks(list);
  REQUIRE(found);
  return *found;
}

bool is_in(std::string_view list, std::string_view text) {
  const auto one = parse_address(text);
  REQUIRE(one);
  return std::ranges::any_of(networks(list),
                             [&](const network& all) { return contains(all, *one); });
}

// Whom 10.0.0.1 speaks for, if 10.0.0.0/8 and fd00::/8 are trusted.
std::string behind(const std::vector<std::string>& lines, std::string peer = "10.0.0.1") {
  request asked{.headers = {{"Host", "a"}}, .peer = std::move(peer)};
  for (const std::string& line : lines) asked.headers.emplace_back("x-forwarded-FOR", line);
  return client_key(asked, networks("10.0.0.0/8, fd00::/8"));
}

}  // namespace

TEST_CASE("an address is IPv4, IPv6, or IPv4 written as IPv6, and its text is canonical") {
  const auto canonical = [](std::string_view text) { return to_text(*parse_address(text)); };
  CHECK(canonical("192.0.2.1") == "192.0.2.1");
  CHECK(canonical("::ffff:192.0.2.1") == "192.0.2.1");
  CHECK(canonical("::FFFF:c000:201") == "192.0.2.1");
  CHECK(canonical("2001:DB8:0:0:0:0:0:1") == "2001:db8::1");
  CHECK(canonical("fe80::1%eth0") == "fe80::1");
  CHECK(parse_address("::ffff:192.0.2.1") == parse_address("192.0.2.1"));
}

// What POSIX's own functions make of it. They write the 96 zero bits of "::192.0.2.1" as no RFC has
// since 2006, so such addresses are left out.
TEST_CASE("addresses are read and written as the system does it") {
  const auto theirs = [](const std::string& text) -> std::optional<address> {
    address found{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}};
    if (::inet_pton(AF_INET, text.c_str(), found.bytes.data() + 12) == 1) return found;
    if (::inet_pton(AF_INET6, text.c_str(), found.bytes.data()) == 1) return found;
    return std::nullopt;
  };
  std::mt19937 random{20261201};
  int read = 0;
  for (int i = 0; i < 50'000; ++i) {
    address made;
    for (std::size_t at = 0; at < 16; at += 2) {  // many groups of 0, as real ones have
      made.bytes[at] = static_cast<std::uint8_t>(random() % 3 == 0 ? random() : 0);
      made.bytes[at + 1] = static_cast<std::uint8_t>(random() % 2 == 0 ? random() : 0);
    }
    if (i % 8 == 0) made = first_of(made, 32), made.bytes[10] = made.bytes[11] = 0xff;
    char written[INET6_ADDRSTRLEN];
    ::inet_ntop(AF_INET6, made.bytes.data(), written, sizeof written);
    const bool is_in_96_zeros = first_of(made, 96) == address{};
    if (!made.is_v4() && !is_in_96_zeros) REQUIRE(to_text(made) == written);
    REQUIRE(parse_address(to_text(made)) == made);
    std::string changed = written;
    for (std::size_t left = random() % 3; left > 0; --left) {
      const std::size_t at = random() % changed.size();
      const char other = "0123456789afAFgx.:: "[random() % 20];
      if (random() % 2 == 0)
        changed.insert(at, 1, other);
      else if (changed.size() > 1)
        changed.erase(at, 1);
    }
    CAPTURE(changed);
    REQUIRE(parse_address(changed) == theirs(changed));
    read += theirs(changed).has_value();
  }
  CHECK(read > 20'000);
  CHECK(read < 45'000);
}

TEST_CASE("what is no address is none") {
  for (const std::string_view text :
       {"", "1", "1.2.3", "1.2.3.4.5", "256.0.0.1", "01.2.3.4", "1.2.3.4 ", " 1.2.3.4",
        "1.2.3.4:80", "[::1]", ":::", "::1::", "g::1", "localhost", "1.2.3.4/8", "1.2.3.4%eth0",
        "1.2.3.4%a:b", "0x7f.1"})
    CHECK_MESSAGE(!parse_address(text), text);
  CHECK_FALSE(parse_address(std::string_view{"1.2.3.4\0", 8}));
  CHECK_FALSE(parse_address(std::string_view{"::1\0x", 5}));
}

TEST_CASE("a network holds its first address and its last, and neither of those beside them") {
  CHECK(is_in("10.0.0.0/8", "10.0.0.0"));
  CHECK(is_in("10.0.0.0/8", "10.255.255.255"));
  CHECK_FALSE(is_in("10.0.0.0/8", "9.255.255.255"));
  CHECK_FALSE(is_in("10.0.0.0/8", "11.0.0.0"));
  CHECK(is_in("172.16.0.0/12", "172.31.255.255"));
  CHECK_FALSE(is_in("172.16.0.0/12", "172.32.0.0"));
  CHECK(is_in("192.0.2.1", "192.0.2.1"));
  CHECK(is_in("192.0.2.1/32", "192.0.2.1"));
  CHECK_FALSE(is_in("192.0.2.1", "192.0.2.0"));
  CHECK(is_in("2001:db8::/33", "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff"));
  CHECK_FALSE(is_in("2001:db8::/33", "2001:db8:8000::"));
  CHECK(is_in("::1/128", "::1"));
  CHECK_FALSE(is_in("::1", "::"));
}

TEST_CASE("a network may be written with any of its addresses") {
  CHECK(networks("10.1.2.3/8") == networks("10.0.0.0/8"));
  CHECK(networks("2001:db8::1/32") == networks("2001:db8::/32"));
}

TEST_CASE("IPv4 and IPv6 are apart, and IPv4 written as IPv6 is IPv4") {
  CHECK(is_in("0.0.0.0/0", "192.0.2.1"));
  CHECK(is_in("0.0.0.0/0", "::ffff:192.0.2.1"));
  CHECK_FALSE(is_in("0.0.0.0/0", "2001:db8::1"));
  CHECK_FALSE(is_in("::/0", "192.0.2.1"));
  CHECK(is_in("::/0", "2001:db8::1"));
  CHECK(is_in("::ffff:10.0.0.0/104", "10.1.2.3"));
}

TEST_CASE("a list of networks may be empty and have blanks in it") {
  CHECK(networks("").empty());
  CHECK(networks(" ").empty());
  CHECK(networks("10.0.0.0/8,::1 ,\t192.0.2.1/32").size() == 3);
}

TEST_CASE("an entry that is no network is named") {
  for (const std::string bad :
       {"10.0.0.0/33", "::1/129", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8", "/8",
        "10.0.0/8", "localhost", "10.0.0.0/8 ::1", "::ffff:10.0.0.0/64", "fe80::1%eth0/64",
        "10.0.0.0/99999999999999999999", "10.0.0.1:80", "*"}) {
    CAPTURE(bad);
    for (const std::string& list : {bad, "::1, " + bad, bad + ",::1"}) {
      const auto found = parse_networks(list);
      REQUIRE_FALSE(found);
      CHECK(found.error().code == errc::invalid);
      CHECK(found.error().message.starts_with("'" + bad + "' is no network"));
    }
  }
  for (const std::string list : {",", "::1,", ",::1", "::1,,::1"})
    CHECK_FALSE(parse_networks(list));
}

TEST_CASE("without trusted proxies the client is the peer, whatever it says") {
  const request asked{.headers = {{"X-Forwarded-For", "192.0.2.9"}}, .peer = "192.0.2.1"};
  CHECK(client_key(asked, {}) == "192.0.2.1");
  CHECK(client_key(asked, networks("10.0.0.0/8")) == "192.0.2.1");
  CHECK(behind({"192.0.2.9"}, "192.0.2.1") == "192.0.2.1");
}

TEST_CASE("behind a trusted proxy the client is the last that is not trusted") {
  CHECK(behind({}) == "10.0.0.1");
  CHECK(behind({"192.0.2.9"}) == "192.0.2.9");
  CHECK(behind({"203.0.113.7, 192.0.2.9"}) == "192.0.2.9");
  CHECK(behind({"203.0.113.7,192.0.2.9 , 10.0.0.7,\tfd00::7"}) == "192.0.2.9");
  CHECK(behind({"192.0.2.9"}, "::ffff:10.0.0.1") == "192.0.2.9");
  CHECK(behind({"::ffff:192.0.2.9"}) == "192.0.2.9");
}

TEST_CASE("several lines are one list, in their order") {
  CHECK(behind({"203.0.113.7", "192.0.2.9"}) == "192.0.2.9");
  CHECK(behind({"203.0.113.7, 192.0.2.9", "10.0.0.7, 10.0.0.8", "10.0.0.9"}) == "192.0.2.9");
  CHECK(behind({"192.0.2.9", "", " , "}) == "192.0.2.9");
}

TEST_CASE("if all are trusted, the client is the first") {
  CHECK(behind({"10.9.9.9, 10.0.0.7", "10.0.0.8"}) == "10.9.9.9");
}

TEST_CASE("what is no address ends the reading at the proxy that brought it") {
  for (const std::string bad : {"unknown", "_hidden", "1.2.3.4.5", "192.0.2.9:", "192.0.2.9:65536",
                                "192.0.2.9:http", "[::1", "[192.0.2.9]", "[::1]x", "[::1]:", "[]",
                                "[", "\"192.0.2.9\"", "192.0.2.9 192.0.2.8", ":80"}) {
    CAPTURE(bad);
    CHECK(behind({"203.0.113.7, " + bad}) == "10.0.0.1");
    CHECK(behind({"203.0.113.7", bad + ", 10.0.0.7"}) == "10.0.0.7");
  }
}

TEST_CASE("an entry may carry a port") {
  CHECK(behind({"192.0.2.9:5678"}) == "192.0.2.9");
  CHECK(behind({"192.0.2.9:65535"}) == "192.0.2.9");
  CHECK(behind({"[2001:db8::1]:443"}) == "2001:db8::/64");
  CHECK(behind({"[2001:db8::1]"}) == "2001:db8::/64");
}

TEST_CASE("an IPv6 client is its /64, and an IPv4 client itself") {
  CHECK(behind({}, "2001:db8:0:1:2:3:4:5") == "2001:db8:0:1::/64");
  CHECK(behind({}, "2001:0DB8:0:1:FFFF::") == behind({}, "2001:db8:0:1::"));
  CHECK(behind({}, "2001:db8:0:2::") != behind({}, "2001:db8:0:1::"));
  CHECK(behind({}, "::1") == "::/64");
  CHECK(behind({}, "fe80::1%eth0") == "fe80::/64");
  CHECK(behind({}, "192.0.2.1") != behind({}, "192.0.2.2"));
}

TEST_CASE("the network of an IPv6 client is its /48, and an IPv4 client has none") {
  CHECK(network_key("2001:db8:7:1::/64") == "2001:db8:7::/48");
  CHECK(network_key("2001:db8:7:ffff::/64") == "2001:db8:7::/48");
  CHECK(network_key("2001:db8:8::/64") == "2001:db8:8::/48");
  for (const char* other : {"192.0.2.1", "192.0.2.1/64", "::ffff:192.0.2.1/64", "", "/64", "unix",
                            "2001:db8:7::1", "2001:db8:7::/48"})
    CHECK(network_key(other) == "");
}

TEST_CASE("the head of a request, as it came, tells the same client") {
  const auto trusted = *parse_networks("192.0.2.0/24");
  const auto client = [&](const std::string& headers, const std::string& body = "") {
    return client_key("POST /x-forwarded-for: HTTP/1.1\r\n" + headers + "\r\n" + body, "192.0.2.1",
                      trusted);
  };
  CHECK(client("Host: a\r\n") == "192.0.2.1");
  CHECK(client("Host: a\r\nx-FORWARDED-for: \t198.51.100.7 \r\nB: c\r\n") == "198.51.100.7");
  CHECK(client("X-Forwarded-For:198.51.100.7\r\nX-Forwarded-For: 2001:db8::1, 192.0.2.3\r\n") ==
        "2001:db8::/64");
  CHECK(client("X-Forwarded-For-Too: 198.51.100.7\r\nX-Forwarded: 198.51.100.7\r\n") ==
        "192.0.2.1");
  CHECK(client("Host: a\r\n", "X-Forwarded-For: 198.51.100.7\r\n\r\n") == "192.0.2.1");
  CHECK(client("X-Forwarded-For:\r\n") == "192.0.2.1");
  CHECK(client_key("", "192.0.2.1", trusted) == "192.0.2.1");
  CHECK(client_key("GET / HTTP/1.1\r\nX-Forwarded-For: 198.51.100.7\r\n\r\n", "192.0.2.1", {}) ==
        "192.0.2.1");
}

TEST_CASE("a peer that is no address is known as it is") {
  CHECK(behind({"192.0.2.9"}, "unix:") == "unix:");
  CHECK(behind({"192.0.2.9"}, "") == "");
}

TEST_CASE("no X-Forwarded-For makes trouble, nor gets past the proxy that added the last entry") {
  std::mt19937 random{20261123};
  constexpr std::string_view alphabet = "0123456789abf.:,[]%/ \t-";
  for (int i = 0; i < 20'000; ++i) {
    std::string forged;
    for (std::size_t left = random() % 30; left > 0; --left)
      forged += alphabet[random() % alphabet.size()];
    CAPTURE(forged);
    CHECK(behind({forged, "192.0.2.9"}) == "192.0.2.9");
    CHECK(behind({forged + ",192.0.2.9"}) == "192.0.2.9");
    CHECK_FALSE(behind({forged}).empty());
  }
}
