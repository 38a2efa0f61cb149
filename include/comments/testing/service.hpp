#pragma once
// testing/service.hpp - a service whose every answer is the same whenever a test runs.
//
//   fixed_service at;  // a memory store, a clock that stands still, ids that count up
//   const auto made = at.api().post({.content_id = "1", .body = "Oi"});
//   assert(to_string(made->stored.id) == "018bcfe5-6800-7000-8000-000000000001");
//   assert(to_rfc3339(made->stored.created_at) == "2023-11-14T22:13:20.000Z");
//   at.clock().advance(std::chrono::hours{1});

#include <comments/clock.hpp>
#include <comments/id.hpp>
#include <comments/service.hpp>
#include <comments/service_options.hpp>
#include <comments/store.hpp>
#include <comments/store/forwarding.hpp>
#include <comments/store/memory.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace comments::inline v0 {

// 2023-11-14T22:13:20Z.
inline constexpr instant first_moment{std::chrono::milliseconds{1'700'000'000'000}};

// Gives ids that count up: of the moment, and 1, 2, 3 … Safe to use from any thread. It must
// outlive what it gives.
class counting_ids final {
 public:
  comment_id next(instant now) {
    std::uint64_t number = ++count_;
    std::array<std::uint8_t, 16> bytes{};
    for (std::size_t i = 15; i > 8; --i, number >>= 8)
      bytes[i] = static_cast<std::uint8_t>(number & 0xff);
    return to_version_7(bytes, now);
  }
  std::function<comment_id(instant)> as_ids() {
    return [this](instant now) { return next(now); };
  }

 private:
  std::atomic<std::uint64_t> count_{};
};

// A store whose signing key is always the same, in front of another.
class fixed_key_store final : public forwarding_store {
 public:
  using forwarding_store::forwarding_store;

  std::string_view signing_key() const override { return "0123456789abcdef0123456789abcdef"; }
};

// A service on a store of its own, with a clock, ids, a key and an epoch that tests know. Options
// that are given hold, but for the clock and the ids.
class fixed_service final {
 public:
  explicit fixed_service(service_options options = {})
      : api_{store_, with_sources(std::move(options), clock_, ids_)} {}

  service& api() { return api_; }
  comments::store& store() { return store_; }
  manual_clock& clock() { return clock_; }

 private:
  static service_options with_sources(service_options options, manual_clock& told,
                                      counting_ids& ids) {
    options.clock = told.as_clock();
    options.ids = ids.as_ids();
    return options;
  }

  memory_store kept_{0xe9};  // the epoch, too
  fixed_key_store store_{kept_};
  manual_clock clock_{first_moment};
  counting_ids ids_{};
  service api_;
};

}  // namespace comments::inline v0
