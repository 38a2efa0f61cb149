#include <comments/http/epoll/mailbox.hpp>

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdint>
#include <list>
#include <memory>
#include <utility>
#include <vector>

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
  const std::vector handles{std::make_shared<slot>(), std::make_shared<slot>()};
  for (const auto& handle : handles) box.post_wake(handle);
  CHECK(wakeups(box) == 1);
  CHECK(box.take_newcomers().empty());
  CHECK(box.take());
  CHECK(box.take());
  CHECK_FALSE(box.take());
  CHECK(wakeups(box) == 0);
  box.post_wake(handles.front());
  CHECK(wakeups(box) == 1);
  CHECK(box.take());
}

TEST_CASE("a mailbox gives out what was posted, of each kind and in this order") {
  mailbox box;
  const std::vector handles{std::make_shared<slot>(), std::make_shared<slot>(),
                            std::make_shared<slot>()};
  const frame_limits limits;
  std::list<connection> accepted;
  accepted.emplace_back(descriptor{}, "192.0.2.1", limits);
  box.post_wake(handles[2]);
  box.post_newcomers(accepted);
  box.post_done(handles[0]);
  box.post_wake(handles[1]);
  CHECK(accepted.empty());
  CHECK(box.take_newcomers().size() == 1);
  for (const auto& [place, is_done] : {std::pair{2, false}, {0, true}, {1, false}}) {
    const auto news = box.take();
    REQUIRE(news);
    CHECK(news->of == handles[static_cast<std::size_t>(place)]);
    CHECK(news->is_done == is_done);
    CHECK(news->is_woken == !is_done);
  }
  CHECK_FALSE(box.take());
}

TEST_CASE("what is posted twice before it is taken is taken once") {
  mailbox box;
  const auto handle = std::make_shared<slot>();
  for (int i = 0; i < 3; ++i) box.post_wake(handle);
  box.post_done(handle);
  const auto news = box.take();
  REQUIRE(news);
  CHECK((news->is_done && news->is_woken));
  CHECK_FALSE(box.take());
  box.post_wake(handle);
  CHECK_FALSE(box.take()->is_done);
}

TEST_CASE("a mailbox that ends full lets go of all that it holds") {
  std::weak_ptr<slot> watched;
  {
    mailbox box;
    for (int i = 0; i < 100'000; ++i) {  // far more than the stack has room for
      const auto handle = std::make_shared<slot>();
      watched = handle;
      box.post_wake(handle);
    }
  }
  CHECK(watched.expired());
}
