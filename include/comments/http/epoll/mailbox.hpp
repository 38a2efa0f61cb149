#pragma once
// http/epoll/mailbox.hpp - where other threads leave what an event loop has to do.
//
// Only the loop's thread touches its connections. A worker that has a response, a stream that has
// more and the loop that accepts connections post that here, and the loop is woken. Posting needs
// no memory, because a worker that could not give its connection back would hold it for ever.
//
//   epoll::mailbox box;
//   const auto handle = std::make_shared<epoll::slot>();
//   box.post_wake(handle);
//   while (const auto news = box.take()) std::cout << news->is_woken;  // 1

#include <comments/http/epoll/connection.hpp>
#include <comments/http/epoll/sockets.hpp>
#include <comments/http/message.hpp>
#include <comments/http/wire.hpp>
#include <comments/mutex.hpp>

#include <list>
#include <memory>
#include <optional>
#include <utility>

namespace comments::inline v0::http::epoll {

// Names a connection for threads that must not touch it, and takes what a worker has made for it.
using connection_handle = std::shared_ptr<slot>;
struct slot {
  connection* client{};      // null once it is closed. The loop's thread only.
  wire_response response{};  // these two are the worker's while the connection is lent
  chunk piece{};

 private:
  friend class mailbox;
  // The mailbox's, under its lock.
  connection_handle next{};  // the one posted after this one
  bool is_posted{};
  bool is_done{};
  bool is_woken{};
  bool is_cut{};
};

// Streams and workers hold the mailbox, so it may outlive its loop; then what is posted is
// not read any more.
class mailbox final {
 public:
  // What there is for a connection since it was taken last.
  struct news {
    connection_handle of{};
    bool is_done{};   // its worker is: the connection is not lent any more
    bool is_woken{};  // its stream has more
    bool is_cut{};    // it must give way
  };

  mailbox() = default;
  mailbox(const mailbox&) = delete;
  mailbox& operator=(const mailbox&) = delete;
  ~mailbox() {
    while (take()) {  // one by one: each keeps the next alive
    }
  }

  // The poller of the loop reports this once after the first post behind a `take_newcomers`.
  int socket() const { return wakeup_.socket(); }

  // Each wakes the loop if it was not woken since `take_newcomers`. None throws. Any thread.
  void post_done(const connection_handle& of) COMMENTS_EXCLUDES(mutex_);
  void post_wake(const connection_handle& of) COMMENTS_EXCLUDES(mutex_);
  void post_cut(const connection_handle& of) COMMENTS_EXCLUDES(mutex_);
  // Moves the connections, which were accepted for this loop, here.
  void post_newcomers(std::list<connection>& accepted) COMMENTS_EXCLUDES(mutex_);

  // Return what was posted since the last call, newcomers first, and then one by one in the order
  // of posting; what is posted twice is returned once. The loop's thread only.
  std::list<connection> take_newcomers() COMMENTS_EXCLUDES(mutex_);
  std::optional<news> take() COMMENTS_EXCLUDES(mutex_);

 private:
  void post(const connection_handle& of, bool slot::*what) COMMENTS_EXCLUDES(mutex_);
  void enqueue(const connection_handle& of) COMMENTS_REQUIRES(mutex_);
  bool has_to_wake() COMMENTS_REQUIRES(mutex_) { return !std::exchange(is_loop_woken_, true); }

  mutex mutex_{};
  std::list<connection> newcomers_ COMMENTS_GUARDED_BY(mutex_){};
  connection_handle first_ COMMENTS_GUARDED_BY(mutex_){};
  slot* last_ COMMENTS_GUARDED_BY(mutex_){};
  bool is_loop_woken_ COMMENTS_GUARDED_BY(mutex_){};
  wakeup wakeup_{};
};

// --- definitions ---

inline void mailbox::post_done(const connection_handle& of) { post(of, &slot::is_done); }
inline void mailbox::post_wake(const connection_handle& of) { post(of, &slot::is_woken); }
inline void mailbox::post_cut(const connection_handle& of) { post(of, &slot::is_cut); }

inline void mailbox::post(const connection_handle& of, bool slot::*what) {
  bool must_wake = false;
  {
    const mutex_lock lock{mutex_};
    (*of).*what = true;
    enqueue(of);
    must_wake = has_to_wake();
  }
  if (must_wake) wakeup_.notify();
}

inline void mailbox::post_newcomers(std::list<connection>& accepted) {
  bool must_wake = false;
  {
    const mutex_lock lock{mutex_};
    newcomers_.splice(newcomers_.end(), accepted);
    must_wake = has_to_wake();
  }
  if (must_wake) wakeup_.notify();
}

inline std::list<connection> mailbox::take_newcomers() {
  const mutex_lock lock{mutex_};
  is_loop_woken_ = false;
  return std::exchange(newcomers_, {});
}

inline std::optional<mailbox::news> mailbox::take() {
  const mutex_lock lock{mutex_};
  if (!first_) return std::nullopt;
  connection_handle taken = std::move(first_);
  first_ = std::move(taken->next);
  if (!first_) last_ = nullptr;
  taken->is_posted = false;
  const bool is_done = std::exchange(taken->is_done, false);
  const bool is_woken = std::exchange(taken->is_woken, false);
  const bool is_cut = std::exchange(taken->is_cut, false);
  return news{std::move(taken), is_done, is_woken, is_cut};
}

inline void mailbox::enqueue(const connection_handle& of) {
  if (std::exchange(of->is_posted, true)) return;
  (last_ ? last_->next : first_) = of;
  last_ = of.get();
}

}  // namespace comments::inline v0::http::epoll
