// framing_fuzz.cpp - any bytes, in any parts, for the framer. What it accepts is held against a
// second reading of RFC 9112 that is slow, simple and shares nothing with it.

#include <comments/http/epoll/framing.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

using namespace comments;
using namespace comments::http;
using namespace comments::http::epoll;

namespace {

using state = framer::state;

void expect(bool is_so, const char* what) {
  if (is_so) return;
  std::fprintf(stderr, "not so: %s\n", what);
  std::abort();
}

struct reading {
  state came{};
  std::size_t size{};
  std::string body{};

  friend bool operator==(const reading&, const reading&) = default;
};

bool is_within(std::string_view part, std::string_view whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

reading result_of(const framer& frame, state came, std::string_view bytes) {
  if (came == state::refused) expect(!frame.refusal().message.empty(), "a refusal says why");
  if (came != state::complete) return {.came = came};
  expect(frame.size() <= bytes.size(), "a request ends within its bytes");
  const std::string_view method = frame.method(bytes), target = frame.target(bytes);
  expect(!method.empty() && is_within(method, bytes), "a method is there");
  expect(!target.empty() && is_within(target, bytes), "a target is there");
  return {.came = came, .size = frame.size(), .body = std::string{frame.body(bytes)}};
}

reading read(std::string_view bytes, const frame_limits& limits) {
  framer frame{limits};
  const state came = frame.read(bytes);
  return result_of(frame, came, bytes);
}

// In pieces whose sizes follow from `seed`, each time from a buffer that lies elsewhere.
reading read_in_pieces(std::string_view bytes, const frame_limits& limits, std::uint32_t seed) {
  framer frame{limits};
  for (std::size_t size = 0;;) {
    seed = seed * 1'664'525 + 1'013'904'223;
    size = std::min(bytes.size(), size + 1 + (seed >> 24) % (seed & 0x80'0000 ? 40 : 3));
    const std::vector<char> copy(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    const std::string_view so_far{copy.data(), copy.size()};
    const state came = frame.read(so_far);
    if (came != state::incomplete || size == bytes.size()) return result_of(frame, came, so_far);
  }
}

// --- the second reading --------------------------------------------------------------------------

std::vector<std::string> lines_of(std::string text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; (at = text.find("\r\n")) != text.npos; text.erase(0, at + 2))
    lines.push_back(text.substr(0, at));
  return lines;
}

// The value of a header line in lower case, without blanks, if it is of that name.
const char* value_of(std::string& line, std::string_view name) {
  for (char& c : line)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (!line.starts_with(name) || line[name.size()] != ':') return nullptr;
  while (line.ends_with(' ') || line.ends_with('\t')) line.pop_back();
  const char* value = line.c_str() + name.size() + 1;
  while (*value == ' ' || *value == '\t') ++value;
  return value;
}

// Takes chunks from the front of `rest` until the last.
std::string unchunk(std::string& rest) {
  std::string body;
  for (;;) {
    const std::size_t size = std::strtoull(rest.c_str(), nullptr, 16);
    rest.erase(0, rest.find("\r\n") + 2);
    expect(rest.size() >= size + 2 && rest.substr(size, 2) == "\r\n", "a chunk is there");
    body += rest.substr(0, size);
    rest.erase(0, size + 2);
    if (size == 0) return body;
  }
}

void check(std::string_view bytes, const reading& found, const frame_limits& limits) {
  std::string rest{bytes};
  const std::size_t end = rest.find("\r\n\r\n");
  expect(end != rest.npos && end + 4 <= limits.head_bytes_max, "a head is there and not too long");
  auto lines = lines_of(rest.substr(0, end + 2));
  rest.erase(0, end + 4);
  int hosts = 0, lengths = 0, codings = 0;
  std::size_t length = 0;
  const bool is_1_0 = lines.front().ends_with(" HTTP/1.0");
  expect(is_1_0 || lines.front().ends_with(" HTTP/1.1"), "a version is known");
  for (std::string& line : lines) {
    for (const char c : line)
      expect(c == '\t' || (c & 0xe0) || (c & 0x80), "no control characters");
    expect(line.find('\x7f') == line.npos, "no control characters");
    if (&line == &lines.front()) continue;
    expect(line.find_first_of(" \t:") == line.find(':') && line[0] != ':', "a name and a colon");
    if (value_of(line, "host")) ++hosts;
    if (const char* value = value_of(line, "content-length")) {
      ++lengths;
      expect(*value &&
                 std::string_view{value}.find_first_not_of("0123456789") == std::string_view::npos,
             "a length is digits");
      length = std::strtoull(value, nullptr, 10);
    }
    if (const char* value = value_of(line, "transfer-encoding")) {
      ++codings;
      expect(std::string_view{value} == "chunked", "no coding but chunked");
    }
  }
  expect(lines.size() - 1 <= limits.headers_max, "not too many headers");
  expect(hosts == 1 || (is_1_0 && hosts == 0), "one host");
  expect(lengths + codings <= 1, "one way to tell the length");
  expect(!is_1_0 || codings == 0, "no coding in HTTP/1.0");
  const std::string body = codings > 0 ? unchunk(rest) : rest.substr(0, length);
  if (codings == 0) {
    expect(rest.size() >= length, "all of the body");
    rest.erase(0, length);
  }
  expect(body == found.body && body.size() <= limits.body_bytes_max, "the same body");
  expect(bytes.size() - rest.size() == found.size, "the same end");
}

const frame_limits usual{};
const frame_limits tight{.head_bytes_max = 200,
                         .target_bytes_max = 20,
                         .headers_max = 4,
                         .body_bytes_max = 32,
                         .chunked_bytes_max = 64,
                         .chunk_line_bytes_max = 12};

}  // namespace

// Two bytes say how the rest is fed in and which limits hold.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  if (size < 2) return 0;
  const std::uint32_t seed = input[0];
  const frame_limits& limits = input[1] & 1 ? tight : usual;
  const std::string_view bytes{reinterpret_cast<const char*>(input) + 2, size - 2};

  const reading at_once = read(bytes, limits);
  expect(read_in_pieces(bytes, limits, seed) == at_once, "pieces read as the whole does");
  if (at_once.came == state::incomplete) return 0;
  expect(read(std::string{bytes} + "GET / HTTP/1.1\r\n\r\n", limits) == at_once,
         "what stands behind a request changes nothing");
  if (at_once.came == state::refused) return 0;
  const std::size_t part = at_once.size * (seed + 1) / 257;
  expect(read(bytes.substr(0, part), limits).came == state::incomplete, "a part is incomplete");
  check(bytes, at_once, limits);
  return 0;
}
