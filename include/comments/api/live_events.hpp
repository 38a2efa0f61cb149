#pragma once
// api/live_events.hpp - a content's events as they happen, as server-sent events.
//
// Each event's id is the version that it brought the content to, with the store's epoch. A browser
// that connects again says with Last-Event-ID where it goes on, so it misses nothing and gets
// nothing twice. One that has followed another epoch gets the event `reset` instead, which says
// that the list must be read again, and goes on from there. A stream holds no queue: it arms a
// wake-up and reads the store from where it is. The adapter drops a client that does not read, and
// the client goes on from there when it comes back. Without news there is a heartbeat now and then,
// so that no proxy takes the connection for dead.
//
//   using namespace comments;
//   registry metrics;
//   broadcast news{metrics};
//   memory_store store;
//   http::live_events live{news,
//                          [&store](std::string_view id, std::int64_t after, std::size_t limit) {
//                            return store.events(id, after, limit);
//                          },
//                          metrics};
//   const http::request asked{.target = "/api/v1/events?content_id=1"};
//   const http::response answer = live.follow("1", {}, asked);  // 200, and a stream

#include <comments/broadcast.hpp>
#include <comments/cache.hpp>
#include <comments/config.hpp>
#include <comments/epoch.hpp>
#include <comments/event.hpp>
#include <comments/http/message.hpp>
#include <comments/json/encode.hpp>
#include <comments/metrics.hpp>
#include <comments/result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace comments::inline v0::http {

struct live_limits {
  std::size_t batch_max{64};              // events that are read and sent at once
  std::size_t shared_bytes{4'194'304};    // memory for events that several streams send
  std::shared_ptr<cache_memory> cache{};  // to keep them in instead, among other things
  // Asked again sooner than this after it last spoke or looked, a stream without news says nothing.
  std::chrono::milliseconds pause{std::chrono::milliseconds{http::heartbeat} / 2};
  std::chrono::milliseconds retry{2000};  // how long a browser waits before it connects again
  // Streams of one client at once, and of all clients in an IPv6 /48; one more is 503.
  std::size_t client_streams_max{10'000};
  std::size_t network_streams_max{15'000};
};

// Returns the events of a content with a version over the second argument, oldest first, and no
// more than the third says. Called from any thread.
using event_reader =
    std::function<result<std::vector<event>>(std::string_view, std::int64_t, std::size_t)>;
// Appends an event's JSON, without a line break in it. Called from any thread.
using event_encoder = std::function<void(std::string&, const event&)>;

// Returns where a content stands now. Called from any thread.
using stamp_reader = std::function<result<stamp>(const std::string&)>;

// Returns the version behind which a client goes on, with its epoch: the one in `Last-Event-ID`,
// else the one in the parameter `after`, else `current`, where the content stands now. Without an
// epoch it is of the present one. `invalid` for what is no version ("format"), and for an `after`
// of the present epoch that is over `current` ("out_of_range"). A `Last-Event-ID` over it is
// answered as one of another epoch: a browser that gets an error never connects again.
result<stamp> parse_after(const request& asked, const stamp& current);

// Without `stands` all versions are of one epoch, which has no name. Safe to use from any thread.
// Outlives its streams; `news`, what `read` needs, and `metrics`
// outlive it.
class live_events final {
 public:
  live_events(broadcast& news, event_reader read, registry& metrics, live_limits limits = {},
              event_encoder encode = json::append_public, stamp_reader stands = {});

  // Returns the events of `content_id` behind `after`, as a stream that lasts until the
  // connection or the service ends; 503 with Retry-After if there are too many streams, of all
  // clients or of this one.
  response follow(std::string content_id, const stamp& after, const request& asked);

 private:
  struct follower;
  struct client_counts;
  class seat;
  // Events as they are sent.
  struct batch {
    std::string text{};
    stamp last{};
    bool is_full{};  // so there may be more
  };

  chunk next(follower& reader, const std::function<void()>& wake) const;
  result<std::shared_ptr<const batch>> read(const follower& reader, std::uint64_t round) const;
  result<std::shared_ptr<const batch>> load(const follower& reader) const;

  broadcast& news_;
  const event_reader read_;
  const event_encoder encode_;
  const stamp_reader stands_;
  const live_limits limits_;
  const std::shared_ptr<client_counts> clients_;
  mutable cache<batch> shared_;
};

}  // namespace comments::inline v0::http

#ifndef COMMENTS_COMPILED
#include <comments/api/live_events.ipp>
#endif
