#pragma once
// http/pump.hpp - gets a stream chunk by chunk, for an adapter with a thread for each response.
//
//   http::pump parts{[](const std::function<void()>&) -> http::chunk {
//     return {.bytes = "Oi", .then = http::chunk::state::over};
//   }};
//   std::string sent;
//   while (parts.go_on()) sent += parts.next().bytes;  // write them to the client
//   assert(sent == "Oi" && !parts.is_broken());        // broken: close the connection

#include <comments/config.hpp>
#include <comments/http/message.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace comments::inline v0::http {

// Used by one thread.
class pump final {
 public:
  // A stream that waits and is not woken is asked again after `at_most`.
  explicit pump(stream rest, std::chrono::milliseconds at_most = heartbeat);
  pump(const pump&) = delete;
  pump& operator=(const pump&) = delete;
  ~pump();

  // Whether there may be more: the stream is neither over nor broken.
  bool go_on() const { return last_ == chunk::state::more || last_ == chunk::state::waiting; }
  // Whether the stream broke off, or threw, so that the client must not think it has everything.
  bool is_broken() const { return last_ == chunk::state::broken; }

  // Returns the next chunk, whose bytes may be empty; before, waits if the stream wanted that.
  chunk next();

 private:
  class wakeup;

  const stream rest_;
  const std::chrono::milliseconds at_most_;
  const std::shared_ptr<wakeup> woken_;  // by itself: the stream may keep `wake_`
  const std::function<void()> wake_;
  chunk::state last_{chunk::state::more};
};

}  // namespace comments::inline v0::http

#ifndef COMMENTS_COMPILED
#include <comments/http/pump.ipp>
#endif
