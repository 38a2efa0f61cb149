#include <comments/http/gzip.hpp>

#include <doctest/doctest.h>

#include <sys/mman.h>
#include <zlib.h>

#include <random>
#include <string>
#include <string_view>
#include <utility>

#include "support/size.hpp"

using namespace comments::http;

namespace {

// What any client would read.
std::string unpack(const std::string& packed) {
  z_stream state{};
  REQUIRE(::inflateInit2(&state, 15 + 16) == Z_OK);
  std::string text(1'000'000, '\0');
  state.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  state.avail_in = static_cast<uInt>(packed.size());
  state.next_out = reinterpret_cast<Bytef*>(text.data());
  state.avail_out = static_cast<uInt>(text.size());
  CHECK(::inflate(&state, Z_FINISH) == Z_STREAM_END);
  CHECK(state.avail_in == 0);
  text.resize(state.total_out);
  ::inflateEnd(&state);
  return text;
}

std::string noise(std::size_t size) {
  std::minstd_rand dice{7};
  std::string text;
  while (text.size() < size) text += static_cast<char>(dice());
  return text;
}

response ask(std::string accepted, response answer) {
  const handler packing = with_gzip([&](request) { return answer; });
  return packing({.headers = {{"Accept-Encoding", std::move(accepted)}}});
}

bool is_packed(const response& answer) {
  return find_header(answer.headers, "Content-Encoding") == "gzip";
}

}  // namespace

TEST_CASE("what is packed is unpacked to what it was") {
  for (const std::string& text :
       {std::string{}, std::string{"a"}, std::string(500'000, 'x'), noise(500'000)})
    CHECK(unpack(gzip(text)) == text);
  CHECK(gzip(std::string(10'000, 'x')).size() < 100);
}

// A count of 32 bits once began again at 0, and what was packed was the rest.
TEST_CASE("what is longer than zlib can count is not packed, and not cut") {
  constexpr std::size_t size = 4'294'967'296 + 5;
  void* const zeros = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                             -1, 0);  // no memory is used until somebody reads
  REQUIRE(zeros != MAP_FAILED);
  const std::string_view text{static_cast<const char*>(zeros), size};
  CHECK(gzip(text).empty());
  CHECK(gzip(text.substr(0, gzip_bytes_max + 1)).empty());
  if (testing::size(false, true)) CHECK_FALSE(gzip(text.substr(0, gzip_bytes_max)).empty());
  ::munmap(zeros, size);
}

TEST_CASE("gzip is for clients that accept it, and not for those that refuse it") {
  for (const char* yes : {"gzip", "GZIP", "x-gzip", "br, gzip", "gzip;q=0.5", "gzip; q=0.001", "*",
                          "deflate, gzip;q=1.0, *;q=0.5", "br;q=1.0, *;q=0.1", " gzip ", "\tgzip"})
    CHECK_MESSAGE(takes_gzip(yes), yes);
  for (const char* no : {"", "identity", "br", "gzip;q=0", "gzip;q=0.000", "gzip ; q=0", "*;q=0",
                         "*, gzip;q=0", "gzip;q=0, *", "gzipped", "not-gzip", ",,;,"})
    CHECK_MESSAGE(!takes_gzip(no), no);
}

TEST_CASE("a body is packed from a length on, for clients that accept it") {
  const std::string just_long_enough(gzip_bytes_min, 'x');
  const response packed = ask("gzip", {.body = just_long_enough});
  CHECK(is_packed(packed));
  CHECK(unpack(packed.body) == just_long_enough);
  CHECK_FALSE(is_packed(ask("gzip", {.body = std::string(gzip_bytes_min - 1, 'x')})));
  const response plain = ask("br", {.body = just_long_enough});
  CHECK_FALSE(is_packed(plain));
  CHECK(plain.body == just_long_enough);
  for (const response& any : {packed, plain})
    CHECK(find_header(any.headers, "Vary") == "Accept-Encoding");
}

TEST_CASE("what is packed already, or a stream, stays as it is") {
  const std::string body(gzip_bytes_min, 'x');
  const response coded = ask("gzip", {.headers = {{"Content-Encoding", "gzip"}}, .body = body});
  CHECK(coded.body == body);
  const response streamed =
      ask("gzip", {.body = body, .rest = [](const auto&) { return chunk{}; }});
  CHECK_FALSE(is_packed(streamed));
  CHECK(streamed.body == body);
}

TEST_CASE("a response that comes later is packed as any, but not where only memory is asked for") {
  for (const std::size_t size : {gzip_bytes_min - 1, gzip_bytes_min}) {
    const std::string text(size, 'x');
    const response answer{.later = [text](effort) { return response{.body = text}; }};
    response late = ask("gzip", answer).later(effort::memory);
    CHECK(late.is_deferred == (size == gzip_bytes_min));
    if (late.is_deferred) late = late_response{std::move(late.later)}(effort::rest);
    CHECK((size < gzip_bytes_min ? late.body : unpack(late.body)) == text);
    CHECK(ask("gzip", answer).later(effort::rest).body == late.body);
    CHECK(ask("", answer).later(effort::memory).body == text);
  }
}
