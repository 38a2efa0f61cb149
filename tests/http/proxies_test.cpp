#include <comments/http/proxies.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/parallel.hpp"

using namespace comments;
using namespace comments::http;

namespace {

const std::vector<network> trusted = *parse_networks("10.0.0.0/8, fd00::/8");

request asked_by(std::string peer, fields headers) {
  return {.target = "/", .headers = std::move(headers), .peer = std::move(peer)};
}

std::optional<unheard_proxy> unheard(std::string peer, fields headers) {
  return find_unheard_proxy(asked_by(std::move(peer), std::move(headers)), trusted);
}

// What the handler inside sees: its prefix and its target.
std::string seen_behind(prefix_options options, std::string target, std::string said = "",
                        std::string peer = "10.0.0.1", std::string mounted = "") {
  request asked{.target = std::move(target), .peer = std::move(peer), .prefix = std::move(mounted)};
  if (!said.empty()) asked.headers.emplace_back("X-Forwarded-Prefix", std::move(said));
  const handler shown = with_path_prefix(
      [](request&& inside) { return response{.body = inside.prefix + " " + inside.target}; },
      std::move(options));
  const response answer = shown(std::move(asked));
  const auto leads_to = find_header(answer.headers, "Location");
  return leads_to ? std::to_string(answer.status) + " " + std::string{*leads_to} : answer.body;
}

}  // namespace

TEST_CASE("a proxy that nobody trusts is told apart from one that is, and from no proxy") {
  using proxy = unheard_proxy;
  CHECK_FALSE(unheard("127.0.0.1", {{"Host", "a"}, {"X-Forwarded-Proto", "https"}}));
  CHECK_FALSE(unheard("10.0.0.1", {{"x-forwarded-for", "192.0.2.1"}, {"X-Real-IP", "192.0.2.1"}}));
  CHECK(unheard("127.0.0.1", {{"x-forwarded-for", ""}}) ==
        proxy{"X-Forwarded-For", "127.0.0.1", false});
  CHECK(unheard("192.168.7.1", {{"Forwarded", "for=192.0.2.1"}}) ==
        proxy{"Forwarded", "192.168.7.1", false});
  CHECK(unheard("::1", {{"X-Real-Ip", "192.0.2.1"}}) == proxy{"X-Real-IP", "::1", false});
  CHECK(unheard("::ffff:127.0.0.1", {{"X-Real-IP", "192.0.2.1"}}) ==
        proxy{"X-Real-IP", "127.0.0.1", false});
}

TEST_CASE("the address of a peer that may be a person's is not told") {
  for (const char* peer :
       {"192.0.2.7", "2001:db8::7", "172.32.0.1", "100.128.0.1", "not an address"})
    CHECK(unheard(peer, {{"X-Forwarded-For", "192.0.2.1"}}) ==
          unheard_proxy{"X-Forwarded-For", "", false});
  for (const char* peer : {"172.31.0.1", "100.64.0.1", "169.254.1.1", "fc00::1", "fe80::1"})
    CHECK(unheard(peer, {{"X-Forwarded-For", "192.0.2.1"}})->address == peer);
}

TEST_CASE("a trusted proxy that names clients in a header that is not read is told about, too") {
  for (const char* name : {"Forwarded", "X-Real-IP"}) {
    const auto found = unheard("10.0.0.1", {{name, "for=192.0.2.1"}});
    CHECK(found == unheard_proxy{name, "10.0.0.1", true});
    CHECK(advice_about(*found).find("The trusted proxy 10.0.0.1 names clients in " +
                                    std::string{name}) == 0);
  }
}

TEST_CASE("the advice names the option to set and the line that the proxy needs") {
  const std::string known = advice_about({"X-Forwarded-For", "127.0.0.1", false});
  CHECK(known.find("--trusted-proxies 127.0.0.1;") != known.npos);
  CHECK(known.find("proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;") != known.npos);
  const std::string unknown = advice_about({"X-Forwarded-For", "", false});
  CHECK(unknown.find("--trusted-proxies with its address;") != unknown.npos);
}

TEST_CASE(
    "the first unheard proxy is told once, and a known address takes an unknown one's place") {
  std::vector<unheard_proxy> told;
  proxy_watch watch{trusted, [&](const unheard_proxy& proxy) { told.push_back(proxy); }};
  watch.see(asked_by("127.0.0.1", {}));
  CHECK_FALSE(watch.found());
  for (const char* peer : {"192.0.2.7", "192.0.2.8", "127.0.0.1", "127.0.0.2", "192.0.2.9"})
    watch.see(asked_by(peer, {{"X-Forwarded-For", "192.0.2.1"}}));
  CHECK(told == std::vector<unheard_proxy>{{"X-Forwarded-For", "", false},
                                           {"X-Forwarded-For", "127.0.0.1", false}});
  CHECK(watch.found() == told.back());
}

TEST_CASE("many at once are told of once, and nobody need be told") {
  std::atomic<int> told{};
  const auto watch = std::make_shared<proxy_watch>(trusted, [&](const unheard_proxy&) { ++told; });
  const handler watched = with_proxy_watch([](request&&) { return response{}; }, watch);
  in_parallel(8, [&](int) {
    for (int i = 0; i < 100; ++i)
      watched(asked_by("127.0.0.1", {{"X-Forwarded-For", "192.0.2.1"}}));
  });
  CHECK(told == 1);
  proxy_watch quiet{trusted};
  quiet.see(asked_by("127.0.0.1", {{"X-Forwarded-For", "192.0.2.1"}}));
  CHECK(quiet.found());
}

TEST_CASE("a prefix is the beginning of a path on the same host, and nothing else") {
  CHECK(parse_path_prefix("") == "");
  CHECK(parse_path_prefix("/") == "");
  CHECK(parse_path_prefix("/comments") == "/comments");
  CHECK(parse_path_prefix("/a/b.c/-_~/") == "/a/b.c/-_~");
  CHECK(parse_path_prefix("/coment%C3%A1rios") == "/coment%C3%A1rios");
  CHECK(parse_path_prefix("/..a/b..") == "/..a/b..");
  for (const char* wrong : {"comments",    "//evil.example.com",
                            "/a//b",       "/a//",
                            "/.",          "/..",
                            "/a/../b",     "/a/./b",
                            "/a/..",       "/a?b",
                            "/a#b",        "/a b",
                            "/a\r\nX: y",  "/a\nb",
                            "/a,/b",       "/a;b",
                            "/a\"b",       "/a<b",
                            "/a\\b",       "\\",
                            "/%2e%2e",     "/%2fevil",
                            "/%0d%0a",     "/%41",
                            "/%",          "/%4",
                            "/%zz",        "/\xc3\xa1",
                            "https://a/b", "/a:b",
                            "/@",          "/{a}"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_path_prefix(wrong));
  }
  const std::string longest = "/" + std::string(path_prefix_bytes_max - 1, 'a');
  CHECK(parse_path_prefix(longest) == longest);
  CHECK_FALSE(parse_path_prefix(longest + "a"));
}

TEST_CASE("X-Forwarded-Prefix counts from a trusted proxy alone, and only if it is a prefix") {
  const prefix_options said{.trusted_proxies = trusted};
  CHECK(seen_behind(said, "/x") == " /x");
  CHECK(seen_behind(said, "/x", "/comments/") == "/comments /x");
  CHECK(seen_behind(said, "/comments/x", "/comments") == "/comments /comments/x");
  CHECK(seen_behind(said, "/x", "/comments", "127.0.0.1") == " /x");
  CHECK(seen_behind(said, "/x", "/comments", "nobody") == " /x");
  CHECK(seen_behind({}, "/x", "/comments") == " /x");
  for (const char* wrong : {"//evil.example.com", "/a/../b", "/a, /b", "evil"})
    CHECK(seen_behind(said, "/x", wrong) == " /x");
  CHECK(seen_behind(said, "/x", "/site", "10.0.0.1", "/mounted") == "/site/mounted /x");
}

TEST_CASE("a fixed prefix counts whatever a proxy says, and is cut off if the proxy did not") {
  const prefix_options fixed{.fixed = "/comments", .trusted_proxies = trusted};
  CHECK(seen_behind(fixed, "/x?y") == "/comments /x?y");
  CHECK(seen_behind(fixed, "/comments/x?y") == "/comments /x?y");
  CHECK(seen_behind(fixed, "/comments/") == "/comments /");
  CHECK(seen_behind(fixed, "/commentsx") == "/comments /commentsx");
  CHECK(seen_behind(fixed, "/x", "/other") == "/comments /x");
  CHECK(seen_behind(fixed, "/comments") == "308 /comments/");
  CHECK(seen_behind(fixed, "/comments?a=b") == "308 /comments/?a=b");
  CHECK(seen_behind({.fixed = "", .trusted_proxies = trusted}, "/x", "/other") == " /x");
}
