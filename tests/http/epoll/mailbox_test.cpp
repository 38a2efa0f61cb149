#include <comments/http/epoll/mailbox.hpp>

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <utility>

using namespace comments::http;
using namespace comments::http::epoll;

namespace {

// How often the loop was woken since the last call.
std::uint64_t wakeups(const mailbox& box) {
  std::uint64_t count = 0;
  return ::read(box.socket(), &count, sizeof count) == sizeof count ? count : 0;
}

}  // namespace

TEST_CASE("a mailbox wakes its loop once, until the mail is taken") {
  mailbox box;
  CHECK(wakeups(box) == 0);
  const auto handle = std::make_shared<connection*>();
  const auto post = [&] { box.post([&](mail& to) { to.woken.push_back(handle); }); };
  for (int i = 0; i < 3; ++i) post();
  CHECK(wakeups(box) == 1);
  CHECK(box.take().woken.size() == 3);
  CHECK(box.take().woken.empty());
  CHECK(wakeups(box) == 0);
  post();
  CHECK(wakeups(box) == 1);
  CHECK(box.take().woken.size() == 1);
}

TEST_CASE("a mailbox gives out what was posted, of each kind") {
  mailbox box;
  const auto handle = std::make_shared<connection*>();
  const frame_limits limits;
  box.post([&](mail& to) { to.newcomers.emplace_back(descriptor{}, "192.0.2.1", limits); });
  box.post([&](mail& to) { to.responses.emplace_back(handle, wire_response{.head = "head"}); });
  box.post([&](mail& to) { to.chunks.emplace_back(handle, chunk{.bytes = "bytes"}); });
  const mail arrived = box.take();
  CHECK(arrived.newcomers.size() == 1);
  REQUIRE(arrived.responses.size() == 1);
  CHECK(arrived.responses.front().second.head == "head");
  REQUIRE(arrived.chunks.size() == 1);
  CHECK(arrived.chunks.front().second.bytes == "bytes");
  CHECK(arrived.woken.empty());
}
