#pragma once
// http/epoll/late_answer.hpp - responses that come later, between a worker and who has them ready.
//
// A worker asks the API. If the response is still to come (`response::later`), the worker does
// other work, and the thread that has the response ready posts it to the loop. Either may be first,
// so they meet here, and the one who comes last goes on.
//
//   registry metrics;
//   httplib_in_memory api;
//   epoll::worker_pool workers{{}};
//   const auto box = std::make_shared<epoll::mailbox>();
//   const auto to = std::make_shared<epoll::slot>();
//   const wire_request asked{.bytes = "GET / HTTP/1.1\r\n\r\n", .method = "GET", .target = "/"};
//   workers.submit("192.0.2.1", [&] { epoll::answer(api, asked, {to, box, &workers}); });

#include <comments/config.hpp>
#include <comments/http/epoll/mailbox.hpp>
#include <comments/http/epoll/worker_pool.hpp>
#include <comments/http/message.hpp>
#include <comments/http/wire.hpp>

#include <atomic>
#include <memory>
#include <utility>

namespace comments::inline v0::http {

class httplib_in_memory;

namespace epoll {

// Where a worker's response goes.
struct return_address {
  connection_handle to{};
  std::shared_ptr<mailbox> box{};
  worker_pool* on{};  // whose place the response keeps until it is ready
};

// Both functions are called once, by the worker's thread and by any other one. None throws.
class late_answer final {
 public:
  explicit late_answer(return_address back) : back_{std::move(back)} {}
  late_answer(const late_answer&) = delete;
  late_answer& operator=(const late_answer&) = delete;

  // The worker has a response that comes later, where the loop finds it. Returns whether it is
  // ready; if not, the connection is out of the worker's hands.
  bool wait();

  // The response is ready.
  void be_ready();

 private:
  bool is_last() { return has_one_come_.exchange(true); }

  return_address back_;
  std::atomic<bool> has_one_come_{};
};

// Answers a request on a worker, and has the response posted to the loop: now, or when it is ready.
// Never throws. Only posts may have responses that come later.
void answer(httplib_in_memory& api, wire_request asked, const return_address& back);

// Has the API go on with a response that was deferred.
void answer_rest(httplib_in_memory& api, wire_request asked, const return_address& back);

}  // namespace epoll

}  // namespace comments::inline v0::http

#ifndef COMMENTS_COMPILED
#include <comments/http/epoll/late_answer.ipp>
#endif
