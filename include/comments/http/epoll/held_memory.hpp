#pragma once
// http/epoll/held_memory.hpp - what a server holds for its clients, and who gives way.
//
// Parts of requests, responses that are not read yet and streams take memory for as long as a
// client likes. All of it together has a limit, and so has each client's part. Over a limit, some
// connections give way: those of the clients that hold most, and of these the ones that hold most
// and have moved nothing for longest. So a steady reader is not cut for the sake of slow ones.
//
//   registry metrics;
//   const epoll_limits limits;
//   epoll::held_memory memory{limits, metrics};
//   epoll::mailbox box;
//   epoll::client_share share;
//   epoll::holder held{.handle = std::make_shared<epoll::slot>(), .box = &box, .share = &share};
//   memory.update(held, {.unsent = 1'000}, false);
//   memory.forget(held);

#include <comments/config.hpp>
#include <comments/http/epoll/client_shares.hpp>
#include <comments/http/epoll/limits.hpp>
#include <comments/http/epoll/mailbox.hpp>
#include <comments/metrics.hpp>
#include <comments/mutex.hpp>

#include <chrono>
#include <cstddef>
#include <vector>

namespace comments::inline v0::http::epoll {

class held_memory final {
 public:
  // `limits` and `metrics` must outlive it.
  held_memory(const epoll_limits& limits, registry& metrics);
  held_memory(const held_memory&) = delete;
  held_memory& operator=(const held_memory&) = delete;

  // Takes note of what a connection holds now, and whether it is lent. If that is too much, tells
  // the loops of those that must give way, by `mailbox::post_cut`, and counts on it. Any thread,
  // one at a time for a holder. Throws std::bad_alloc; then the caller closes the connection.
  void update(holder& of, const held_bytes& now, bool is_lent) COMMENTS_EXCLUDES(mutex_);

  // Whether one that is lent next may hold `more` bytes: those that are lent cannot give way, so
  // they have half of the limit.
  bool has_room_for(std::size_t more) const COMMENTS_EXCLUDES(mutex_);

  // The connection is closed, and holds nothing any more.
  void forget(holder& of) COMMENTS_EXCLUDES(mutex_);

  // Returns how many bytes are held.
  std::size_t total() const COMMENTS_EXCLUDES(mutex_);

 private:
  using clock = std::chrono::steady_clock;

  void note(holder& of, const held_bytes& now) COMMENTS_REQUIRES(mutex_);
  void list(holder& of) COMMENTS_REQUIRES(mutex_);
  void unlist(holder& of) COMMENTS_REQUIRES(mutex_);
  void cut(std::size_t excess, std::size_t reserve, const client_share* of)
      COMMENTS_REQUIRES(mutex_);

  const epoll_limits& limits_;
  gauge& received_;
  gauge& unsent_;
  gauge& followed_;
  counter& cut_total_;
  mutable mutex mutex_{};
  std::vector<holder*> holders_ COMMENTS_GUARDED_BY(mutex_){};  // that can give way
  std::size_t total_ COMMENTS_GUARDED_BY(mutex_){};
  std::size_t lent_ COMMENTS_GUARDED_BY(mutex_){};  // of these, by connections that are lent
};

}  // namespace comments::inline v0::http::epoll

#ifndef COMMENTS_COMPILED
#include <comments/http/epoll/held_memory.ipp>
#endif
