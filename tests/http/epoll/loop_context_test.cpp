#include <comments/http/epoll/loop_context.hpp>

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdint>
#include <memory>

using namespace comments::http;

namespace {

// How often it rang since it was asked last.
std::uint64_t rings(const bell& one) {
  std::uint64_t count = 0;
  return ::read(one.socket(), &count, sizeof count) == sizeof count ? count : 0;
}

}  // namespace

TEST_CASE("what is left in an inbox rings once, until somebody has looked into it") {
  detail::inbox box;
  CHECK(rings(box.alarm) == 0);
  const auto one = std::make_shared<connection*>();
  const auto leave = [&] { box.leave([&](detail::inbox& to) { to.woken.push_back(one); }); };
  for (int i = 0; i < 3; ++i) leave();
  CHECK(rings(box.alarm) == 1);
  CHECK(box.woken.size() == 3);
  box.is_rung = false;  // as who looks into it says
  leave();
  CHECK(rings(box.alarm) == 1);
}
