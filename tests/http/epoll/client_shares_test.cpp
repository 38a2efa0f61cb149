#include <comments/http/epoll/client_shares.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace comments::http;
using namespace comments::http::epoll;

TEST_CASE("a client has as many connections as its share says; when one ends there is room again") {
  const epoll_limits limits{.client_connections_max = 2};
  client_shares shares{limits};
  for (const char* peer : {"192.0.2.1", "2001:db8::1", "unix"}) {
    CAPTURE(peer);
    client_share* const first = shares.admit(peer);
    REQUIRE(first);
    CHECK(shares.admit(peer) == first);
    CHECK_FALSE(shares.admit(peer));
    client_share* const other = shares.admit("192.0.2.9");
    REQUIRE(other);
    shares.leave(*other);
    shares.leave(*first);
    CHECK(shares.admit(peer));
    CHECK_FALSE(shares.admit(peer));
  }
}

TEST_CASE("all addresses of an IPv6 /64 are one client, and those of a /48 have a share as well") {
  const epoll_limits limits{.client_connections_max = 2, .network_connections_max = 3};
  client_shares shares{limits};
  CHECK(shares.admit("2001:db8:0:1::1"));
  client_share* const second = shares.admit("2001:db8:0:1::2");
  REQUIRE(second);
  CHECK_FALSE(shares.admit("2001:db8:0:1::3"));
  CHECK(shares.admit("2001:db8:0:2::1"));
  CHECK_FALSE(shares.admit("2001:db8:0:3::1"));  // the fourth of the /48
  CHECK(shares.admit("2001:db8:1::1"));          // of another
  shares.leave(*second);
  CHECK(shares.admit("2001:db8:0:3::1"));
}

TEST_CASE("IPv4 addresses are no network together, however they are written") {
  const epoll_limits limits{.client_connections_max = 2, .network_connections_max = 1};
  client_shares shares{limits};
  CHECK(shares.admit("192.0.2.1"));
  CHECK(shares.admit("::ffff:192.0.2.2"));
  CHECK(shares.admit("192.0.2.2"));
}

TEST_CASE("a trusted proxy brings the connections of others, so it has no share") {
  const epoll_limits limits{.client_connections_max = 1,
                            .trusted_proxies = *parse_networks("10.0.0.0/8, 2001:db8::/32")};
  client_shares shares{limits};
  for (int i = 0; i < 10; ++i) {
    CHECK(shares.admit("10.0.0.1"));
    CHECK(shares.admit("2001:db8::1"));
  }
}

TEST_CASE("a connection that gets a refusal is counted over the share, too, and leaves no trace") {
  const epoll_limits limits{.client_connections_max = 1, .network_connections_max = 1};
  client_shares shares{limits};
  for (int round = 0; round < 2; ++round) {
    CAPTURE(round);
    client_share* const first = shares.admit("2001:db8::1");
    REQUIRE(first);
    client_share* const refused = shares.admit_anyway("2001:db8:0:5::1");
    REQUIRE(refused);
    CHECK(refused->network == first->network);
    CHECK_FALSE(shares.admit("2001:db8:0:7::1"));
    shares.leave(*first);
    shares.leave(*refused);
  }
}
