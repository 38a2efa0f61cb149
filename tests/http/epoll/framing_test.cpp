#include <comments/http/epoll/framing.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

using namespace comments;
using namespace comments::http;
using namespace comments::http::epoll;

namespace {

using state = framer::state;

// What became of some bytes.
struct reading {
  state came{};
  std::size_t size{};
  std::string method{};
  std::string target{};
  std::string body{};
  request_errc code{};

  friend bool operator==(const reading&, const reading&) = default;
};

reading result_of(const framer& frame, state came, std::string_view bytes) {
  if (came == state::refused) return {.came = came, .code = frame.refusal().code};
  if (came == state::incomplete) return {.came = came};
  REQUIRE(frame.size() <= bytes.size());
  return {.came = came,
          .size = frame.size(),
          .method = std::string{frame.method(bytes)},
          .target = std::string{frame.target(bytes)},
          .body = std::string{frame.body(bytes)}};
}

reading read(std::string_view bytes, const frame_limits& limits = {}) {
  framer frame{limits};
  const state came = frame.read(bytes);
  return result_of(frame, came, bytes);
}

// Reads the same bytes, a part at a time, until they are complete or refused.
reading read_slowly(std::string_view bytes, const frame_limits& limits = {}, std::size_t step = 1) {
  framer frame{limits};
  for (std::size_t size = step;; size += step) {
    const std::string so_far{bytes.substr(0, size)};  // elsewhere each time, as a buffer that grows
    const state came = frame.read(so_far);
    if (came != state::incomplete || size >= bytes.size()) return result_of(frame, came, so_far);
  }
}

bool is_complete(std::string_view bytes) { return read(bytes).came == state::complete; }
bool is_refused(std::string_view bytes, request_errc code = request_errc::malformed) {
  return read(bytes) == reading{.came = state::refused, .code = code};
}

// A post with these headers beside its Host, and these bytes behind the head.
std::string post(std::string_view headers, std::string_view behind = "") {
  std::string text = "POST /a HTTP/1.1\r\nHost: a\r\n";
  return text.append(headers).append("\r\n").append(behind);
}
std::string chunked(std::string_view behind) {
  return post("Transfer-Encoding: chunked\r\n", behind);
}
// A request without a body that has these headers and no other.
std::string get(std::string_view headers) {
  std::string text = "GET / HTTP/1.1\r\n";
  return text.append(headers).append("\r\n");
}

const std::string smuggled = "GET /admin HTTP/1.1\r\nHost: a\r\n\r\n";

// Requests of which each is whole.
std::vector<std::string> whole_requests() {
  return {
      "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.0\r\n\r\n",
      "OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n",
      "GET http://a/b HTTP/1.1\r\nHost: a\r\n\r\n",
      "BREW /pot?x=\xc3\xa9 HTTP/1.1\r\nhOST:\ta:80 \r\nX-A:\r\nX-B: a\tb\xff\r\n\r\n",
      post("Content-Length: 0\r\n"),
      post("Content-Length: 5\r\n", "a\r\n\rb"),
      post("Content-Length: 0005\r\n", "hello"),
      post("content-length:5\r\nExpect: 100-continue\r\n", "hello"),
      chunked("0\r\n\r\n"),
      chunked("5\r\nhello\r\n0\r\n\r\n"),
      chunked("1\r\nh\r\n0004;a=\"b;c\";d\r\nello\r\n000;last\r\n\r\n"),
      chunked("A\r\n0\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n"),
  };
}

// Requests of which each is refused, the ways to smuggle that have names among them.
std::vector<std::string> refused_requests() {
  return {
      // A length twice, or none that is one number (RFC 9112, section 6.3).
      post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"),
      post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello!"),
      post("Content-Length: 5\r\ncontent-length: 0\r\n", "hello"),
      post("Content-Length: 5, 5\r\n", "hello"),
      post("Content-Length: 5,\r\n", "hello"),
      post("Content-Length: +5\r\n", "hello"),
      post("Content-Length: -5\r\n", "hello"),
      post("Content-Length: -0\r\n"),
      post("Content-Length: 0x5\r\n", "hello"),
      post("Content-Length: 5 \x0b\r\n", "hello"),
      post("Content-Length: 1 1\r\n", "hello, world"),
      post("Content-Length: 5;\r\n", "hello"),
      post("Content-Length: 5.0\r\n", "hello"),
      post("Content-Length: 5e0\r\n", "hello"),
      post("Content-Length: \"5\"\r\n", "hello"),
      post("Content-Length: five\r\n", "hello"),
      post("Content-Length: \xd9\xa5\r\n", "hello"),
      post("Content-Length:\r\n", "hello"),
      post("Content-Length:  \t \r\n", "hello"),
      // CL.TE and TE.CL (section 6.1).
      post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n" + smuggled),
      post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n" + smuggled),
      post("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", "0\r\n\r\n"),
      // TE.TE: a coding that one of two would not see.
      post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
      post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"),
      post("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
      post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"),
      post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"),
      post("Transfer-Encoding: identity, chunked\r\n", "0\r\n\r\n"),
      post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
      post("Transfer-Encoding: identity\r\n"),
      post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
      post("Transfer-Encoding: chunkedx\r\n", "0\r\n\r\n"),
      post("Transfer-Encoding: chunked;q=1\r\n", "0\r\n\r\n"),
      post("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"),
      post("Transfer-Encoding: chunked,\r\n", "0\r\n\r\n"),
      post("Transfer-Encoding: ,chunked\r\n", "0\r\n\r\n"),
      post("Transfer-Encoding: \x0b"
           "chunked\r\n",
           "0\r\n\r\n"),
      post("Transfer-Encoding: \x0c"
           "chunked\r\n",
           "0\r\n\r\n"),
      post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"),
      post("Transfer-Encoding: chunked\r\n\t, identity\r\n", "0\r\n\r\n"),
      post("Transfer-Encoding:\r\n", "0\r\n\r\n"),
      post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"),
      post("Transfer-Encoding\t: chunked\r\n", "0\r\n\r\n"),
      post(" Transfer-Encoding: chunked\r\n", "0\r\n\r\n"),
      post("Transfer-Encoding\x0b: chunked\r\n", "0\r\n\r\n"),
      post("X: y\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
      post("X: y\rTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
      "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
      // Lines (sections 2.2, 5.1 and 5.2).
      post("Content-Length : 5\r\n", "hello"),
      post("Content-Length\t: 5\r\n", "hello"),
      post("X: a\r\n folded\r\n"),
      post("X: a\r\n\tfolded: b\r\n"),
      post(" X: a\r\n"),
      post("X\r\n"),
      post(": a\r\n"),
      post(" : a\r\n"),
      post("X(a): b\r\n"),
      post("X@a: b\r\n"),
      post("X/a: b\r\n"),
      post("\"X\": b\r\n"),
      post("X\xc3\xa9: b\r\n"),
      post(std::string_view{"X\0: a\r\n", 7}),
      post(std::string_view{"X: a\0b\r\n", 8}),
      post("X: a\x7f\r\n"),
      post("X: a\x1b[2J\r\n"),
      post("X: a\rb\r\n"),
      post("X: a\r\r\n"),
      post("X: a\nb: c\r\n"),
      "GET / HTTP/1.1\nHost: a\n\n",
      "GET / HTTP/1.1\r\nHost: a\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\n\n\r\n\r\n",
      "GET / HTTP/1.1\rHost: a\r\r\n\r\n",
      "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
      " GET / HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
      "GET / HTTP/1.1\r\n\r\nHost: a\r\n\r\n",
      "\r\n\r\n",
      // Hosts (section 3.2).
      get(""),
      get("X: y\r\n"),
      get("Host: a\r\nHost: a\r\n"),
      get("Host: a\r\nhost: b\r\n"),
      "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
      "GET http://a/ HTTP/1.1\r\n\r\n",
      get("Host: a b\r\n"),
      get("Host: a,b\r\n"),
      get("Host: a/b\r\n"),
      get("Host: a@b\r\n"),
      get("Host: a?b\r\n"),
      get("Host: a#b\r\n"),
      get("Host: a\\b\r\n"),
      get("Host: <a>\r\n"),
      get("Host: :80\r\n"),
      get("Host: a:b\r\n"),
      get("Host: a:80:80\r\n"),
      get("Host: [::1\r\n"),
      get("Host: a[b]\r\n"),
      // The request line (section 3), and what speaks another language.
      "GET /\r\n\r\n",
      "GET / \r\n\r\n",
      "GET  HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /  HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
      "GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n",
      "GET / x HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /#top HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /\ra HTTP/1.1\r\nHost: a\r\n\r\n",
      "G(T / HTTP/1.1\r\nHost: a\r\n\r\n",
      "G:T / HTTP/1.1\r\nHost: a\r\n\r\n",
      "\xc3\x89 / HTTP/1.1\r\nHost: a\r\n\r\n",
      " / HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET / http/1.1\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.2\r\nHost: a\r\n\r\n",
      "GET / HTTP/0.9\r\nHost: a\r\n\r\n",
      "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
      "GET / HTTP/11\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.10\r\nHost: a\r\n\r\n",
      "GET / HTTP/ 1.1\r\nHost: a\r\n\r\n",
      "GET / HTTPS/1.1\r\nHost: a\r\n\r\n",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      std::string{"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 28},
      // Chunks (section 7.1).
      chunked("\r\n\r\n"),
      chunked(";a\r\n\r\n"),
      chunked("g\r\n\r\n"),
      chunked("-1\r\n\r\n"),
      chunked("+1\r\na\r\n0\r\n\r\n"),
      chunked("0x1\r\na\r\n0\r\n\r\n"),
      chunked(" 1\r\na\r\n0\r\n\r\n"),
      chunked("1 \r\na\r\n0\r\n\r\n"),
      chunked("1 ;a\r\na\r\n0\r\n\r\n"),
      chunked("1,\r\na\r\n0\r\n\r\n"),
      chunked("1\na\n0\n\n"),
      chunked("1\na\r\n0\r\n\r\n"),
      chunked("1;a\nb\r\na\r\n0\r\n\r\n"),
      chunked("1;a\rb\r\na\r\n0\r\n\r\n"),
      chunked(std::string_view{"1;\0\r\na\r\n0\r\n\r\n", 13}),
      chunked("1\r\na0\r\n\r\n"),
      chunked("1\r\na\n0\r\n\r\n"),
      chunked("1\r\na\r0\r\n\r\n"),
      chunked("1\r\nab\r\n0\r\n\r\n"),
      chunked("2\r\na\r\n0\r\n\r\n"),
      chunked("10000000000000000\r\n\r\n"),
      chunked("fffffffffffffffff\r\n\r\n"),
      // Trailers (section 7.1.2): no route needs them, and some servers take them for headers.
      chunked("0\r\nX: y\r\n\r\n"),
      chunked("0\r\nContent-Length: 5\r\n\r\n"),
      chunked("0\r\n\n\r\n"),
      chunked("0\r\nab\r\n\r\n"),
  };
}

}  // namespace

TEST_CASE("a request says its method, its target and its body, and where it ends") {
  const std::string bytes = post("Content-Length: 5\r\n", "hello");
  CHECK(read(bytes + smuggled) == reading{.came = state::complete,
                                          .size = bytes.size(),
                                          .method = "POST",
                                          .target = "/a",
                                          .body = "hello"});
  const std::string in_chunks = chunked("2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n");
  CHECK(read(in_chunks + smuggled) == reading{.came = state::complete,
                                              .size = in_chunks.size(),
                                              .method = "POST",
                                              .target = "/a",
                                              .body = "hello"});
}

TEST_CASE("a request whose frame two servers could read differently is refused") {
  for (const std::string& bytes : refused_requests()) {
    CAPTURE(bytes);
    CHECK(is_refused(bytes));
  }
}

TEST_CASE("what is odd but says one thing only is read") {
  for (const std::string& bytes : whole_requests()) {
    CAPTURE(bytes);
    CHECK(read(bytes).size == bytes.size());
  }
}

TEST_CASE("a request that has not come whole is waited for, whatever of it is missing") {
  for (const std::string& bytes : whole_requests()) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      CAPTURE(bytes.substr(0, size));
      CHECK(read(std::string_view{bytes}.substr(0, size)).came == state::incomplete);
    }
  }
}

TEST_CASE("how bytes arrive changes nothing, nor do bytes behind them") {
  std::vector<std::string> all = whole_requests();
  const auto refused = refused_requests();
  all.insert(all.end(), refused.begin(), refused.end());
  for (const std::string& bytes : all) {
    CAPTURE(bytes);
    const reading at_once = read(bytes);
    for (const std::size_t step : {1u, 2u, 3u, 7u}) CHECK(read_slowly(bytes, {}, step) == at_once);
    for (const std::string& behind : {smuggled, std::string{"\n\r\n\r"}, std::string(70'000, 'x')})
      CHECK(read(bytes + behind) == at_once);
  }
}

TEST_CASE("HTTP/0.9, which has no headers, is never answered") {
  CHECK(read("GET /\r\n").came == state::incomplete);
  CHECK(is_refused("GET /\r\nX: y\r\n\r\n"));
}

TEST_CASE("a head may have its limit and not a byte more") {
  const frame_limits limits{.head_bytes_max = 100};
  const auto sized = [](std::size_t size) {
    const std::string start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
    return start + std::string(size - start.size() - 4, 'x') + "\r\n\r\n";
  };
  const reading too_long{.came = state::refused, .code = request_errc::headers_too_large};
  CHECK(read(sized(100), limits).size == 100);
  CHECK(read_slowly(sized(100), limits).size == 100);
  CHECK(read(sized(101), limits) == too_long);
  CHECK(read_slowly(sized(101), limits) == too_long);
  CHECK(read(sized(101) + "a\nb", limits) == too_long);
  CHECK(read(std::string_view{sized(101)}.substr(0, 99), limits).came == state::incomplete);
  CHECK(read(std::string_view{sized(101)}.substr(0, 100), limits) == too_long);
  const std::string many = "GET / HTTP/1.1\r\nHost: a\r\nA: " + std::string(7'000, 'x') +
                           "\r\nB: " + std::string(7'000, 'x') +
                           "\r\nC: " + std::string(7'000, 'x') +
                           "\r\nD: " + std::string(7'000, 'x') + "\r\nE: ";
  const std::size_t left = 32'768 - many.size() - 4;
  CHECK(read(many + std::string(left, 'x') + "\r\n\r\n").size == 32'768);
  CHECK(
      is_refused(many + std::string(left + 1, 'x') + "\r\n\r\n", request_errc::headers_too_large));
}

TEST_CASE("a header may have its limit and not a byte more") {
  const frame_limits limits{.header_bytes_max = 10};
  const reading too_long{.came = state::refused, .code = request_errc::headers_too_large};
  CHECK(read(get("Host: a\r\nX: 3456789\r\n"), limits).came == state::complete);
  CHECK(read(get("Host: a\r\nX: 34567890\r\n"), limits) == too_long);
  CHECK(read_slowly(get("Host: a\r\nX: 34567890\r\n"), limits) == too_long);
  CHECK(is_complete(get("Host: a\r\nX: " + std::string(7'997, 'x') + "\r\n")));
  CHECK(is_refused(get("Host: a\r\nX: " + std::string(7'998, 'x') + "\r\n"),
                   request_errc::headers_too_large));
}

TEST_CASE("a target may have its limit and not a byte more") {
  const frame_limits limits{.target_bytes_max = 10};
  const auto line = [](std::size_t size) {
    return "GET /" + std::string(size - 1, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  };
  const reading too_long{.came = state::refused, .code = request_errc::target_too_long};
  CHECK(read(line(10), limits).target.size() == 10);
  CHECK(read_slowly(line(10), limits).target.size() == 10);
  CHECK(read(line(11), limits) == too_long);
  CHECK(read_slowly(line(11), limits) == too_long);
  CHECK(read_slowly(line(200), limits) == too_long);
  CHECK(read(line(8'000)).came == state::complete);
  CHECK(is_refused(line(8'001), request_errc::target_too_long));
}

TEST_CASE("a request line may have 64 bytes beside the longest target, however it arrives") {
  const frame_limits limits{.target_bytes_max = 10};
  const auto line = [](std::size_t method_size) {
    return std::string(method_size, 'A') + " /xxxxxxxxx HTTP/1.1\r\nHost: a\r\n\r\n";
  };
  CHECK(read(line(54), limits).method.size() == 54);
  CHECK(read_slowly(line(54), limits).method.size() == 54);
  CHECK(read(line(55), limits).code == request_errc::target_too_long);
  CHECK(read_slowly(line(55), limits).code == request_errc::target_too_long);
}

TEST_CASE("there may be as many headers as the limit says and not one more") {
  const frame_limits limits{.headers_max = 3};
  const reading too_many{.came = state::refused, .code = request_errc::headers_too_large};
  CHECK(read(get("Host: a\r\nX: 1\r\nX: 2\r\n"), limits).came == state::complete);
  CHECK(read(get("Host: a\r\nX: 1\r\nX: 2\r\nX: 3\r\n"), limits) == too_many);
  const auto many = [](int count) {
    std::string headers = "Host: a\r\n";
    for (int i = 1; i < count; ++i) headers += "X: y\r\n";
    return get(headers);
  };
  CHECK(is_complete(many(100)));
  CHECK(is_refused(many(101), request_errc::headers_too_large));
}

TEST_CASE("a body may have its limit and not a byte more, with a length and in chunks") {
  const frame_limits limits{.body_bytes_max = 10};
  const reading too_long{.came = state::refused, .code = request_errc::too_large};
  const std::string ten(10, 'x');
  CHECK(read(post("Content-Length: 10\r\n", ten), limits).body == ten);
  CHECK(read(post("Content-Length: 11\r\n"), limits) == too_long);
  CHECK(read(chunked("a\r\n" + ten + "\r\n0\r\n\r\n"), limits).body == ten);
  CHECK(read(chunked("9\r\nxxxxxxxxx\r\n1\r\nx\r\n0\r\n\r\n"), limits).body == ten);
  CHECK(read(chunked("b\r\n"), limits) == too_long);
  CHECK(read(chunked("a\r\n" + ten + "\r\n1\r\n"), limits) == too_long);
  CHECK(read(chunked("9\r\nxxxxxxxxx\r\n2\r\n"), limits) == too_long);
  CHECK(read(chunked("ffffffffffffffff\r\n"), limits) == too_long);
  CHECK(is_complete(post("Content-Length: 65536\r\n", std::string(65'536, 'x'))));
  for (const char* length : {"65537", "4294967296", "9223372036854775808", "18446744073709551615",
                             "18446744073709551616", "99999999999999999999999999"}) {
    CAPTURE(std::string{length});
    CHECK(is_refused(post("Content-Length: " + std::string{length} + "\r\n"),
                     request_errc::too_large));
  }
}

TEST_CASE("a chunk's line may have its limit and not a byte more") {
  const frame_limits limits{.chunk_line_bytes_max = 8};
  const auto body = [](std::string_view line) {
    return chunked(std::string{line} + "\r\na\r\n0\r\n\r\n");
  };
  CHECK(read(body("1;aaaaaa"), limits).body == "a");
  CHECK(read_slowly(body("1;aaaaaa"), limits).body == "a");
  CHECK(read(body("00000001"), limits).body == "a");
  for (const char* line : {"1;aaaaaaa", "000000001"}) {
    CHECK(read(body(line), limits).code == request_errc::malformed);
    CHECK(read_slowly(body(line), limits).came == state::refused);
  }
  CHECK(read(body("1;" + std::string(254, 'a'))).body == "a");
  CHECK(is_refused(body("1;" + std::string(255, 'a'))));
}

TEST_CASE("a body in chunks may have its limit with the chunks' lines, and not a byte more") {
  const std::string three = "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n";
  const reading too_long{.came = state::refused, .code = request_errc::too_large};
  const frame_limits enough{.chunked_bytes_max = three.size()};
  CHECK(read(chunked(three), enough).body == "abc");
  CHECK(read(chunked(three) + smuggled, enough).body == "abc");
  const frame_limits tight{.chunked_bytes_max = three.size() - 1};
  CHECK(read(chunked(three), tight) == too_long);
  CHECK(read_slowly(chunked(three), tight) == too_long);
  // The whole of a body in chunks of one byte is fine; lines that only fill the memory are not.
  const auto in_ones = [](std::string_view line) {
    std::string text;
    for (int i = 0; i < 65'536; ++i) text.append(line).append("\r\nx\r\n");
    return chunked(text + "0\r\n\r\n");
  };
  CHECK(read(in_ones("1")).body.size() == 65'536);
  CHECK(read(in_ones("1;aaaaaaaaaa")) == too_long);
}

TEST_CASE("what can become no request is refused before it has come whole") {
  CHECK(is_refused("\n"));
  CHECK(is_refused("GET / HTTP/1.1\n"));
  CHECK(is_refused("GET / HTTP/1.1\r\nHost: a\r\n\n"));
  CHECK(is_refused(chunked("1\n")));
  CHECK(is_refused(chunked("x\r\n")));
  CHECK(is_refused(chunked("1\r\nabc")));
  CHECK(is_refused(chunked(std::string(258, '1'))));
  CHECK(is_refused("GET /" + std::string(9'000, 'x'), request_errc::target_too_long));
  CHECK(is_refused("GET /" + std::string(9'000, 'x') + "\r\nHost", request_errc::target_too_long));
  CHECK(is_refused("GET / HTTP/1.1\r\nX: " + std::string(32'768, 'x'),
                   request_errc::headers_too_large));
}

TEST_CASE("a connection goes on or ends as its client wants") {
  const auto is_last = [](const std::string& bytes) {
    const frame_limits limits;
    framer frame{limits};
    REQUIRE(frame.read(bytes) == state::complete);
    return frame.is_last();
  };
  const auto old = [](std::string_view headers) {
    return std::string{"GET / HTTP/1.0\r\n"}.append(headers).append("\r\n");
  };
  CHECK_FALSE(is_last(get("Host: a\r\n")));
  CHECK_FALSE(is_last(get("Host: a\r\nConnection: keep-alive, closed\r\n")));
  CHECK(is_last(get("Host: a\r\nConnection: close\r\n")));
  CHECK(is_last(get("Host: a\r\nConnection: keep-alive ,\tClose\r\n")));
  CHECK(is_last(get("Host: a\r\nConnection: close\r\nConnection: keep-alive\r\n")));
  CHECK(is_last(old("")));
  CHECK_FALSE(is_last(old("Connection: Keep-Alive\r\n")));
  CHECK(is_last(old("Connection: close\r\n")));
  CHECK(is_last(old("Connection: keep-alive, close\r\n")));
  CHECK(is_last(old("Connection: close, keep-alive\r\n")));  // RFC 9112, section 9.3
}

TEST_CASE("a client that waits for 100 Continue is known, whatever else it expects") {
  const auto wants = [](const std::string& headers) {
    const frame_limits limits;
    framer frame{limits};
    const std::string bytes = post(headers + "Content-Length: 5\r\n");
    CHECK(frame.read(bytes) == state::incomplete);
    REQUIRE(frame.has_head());
    return frame.wants_continue();
  };
  CHECK(wants("Expect: 100-Continue\r\n"));
  CHECK(wants("Expect: 100-continue\r\nExpect: more\r\n"));
  CHECK(wants("Expect: more\r\nExpect: 100-continue\r\n"));
  CHECK_FALSE(wants("Expect: more\r\n"));
  CHECK_FALSE(wants(""));
}
