#include <comments/background.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <optional>
#include <stdexcept>
#include <thread>

using namespace comments;

TEST_CASE("work is done beside its caller, and more of it not before it is done") {
  std::promise<void> may_end;
  std::promise<std::thread::id> who;
  std::atomic<int> done{0};
  std::optional<background> beside{std::in_place};
  beside->begin([&] {
    who.set_value(std::this_thread::get_id());
    may_end.get_future().wait();
    ++done;
  });
  CHECK(who.get_future().get() != std::this_thread::get_id());
  beside->begin([&] { done += 100; });  // some is under way
  may_end.set_value();
  beside.reset();  // waits for it
  CHECK(done == 1);
}

TEST_CASE("what is done can be done again") {
  std::atomic<int> done{0};
  background beside;  // goes first, and waits for what is under way
  while (done < 3) beside.begin([&] { ++done; });
  CHECK(done >= 3);
}

TEST_CASE("work that throws ends, and later work is done") {
  std::atomic<int> done{0};
  background beside;
  beside.begin([] { throw std::runtime_error{"broken"}; });
  while (done < 1) beside.begin([&] { ++done; });
  CHECK(done >= 1);
}
