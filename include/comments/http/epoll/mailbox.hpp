#pragma once
// http/epoll/mailbox.hpp - where other threads leave what an event loop has to do.
//
// Only the loop's thread touches its connections. A worker that has a response, a stream that has
// more and the loop that accepts connections post that here, and the loop is woken.
//
//   epoll::mailbox box;
//   const auto handle = std::make_shared<epoll::connection*>();
//   box.post([&](epoll::mail& mail) { mail.woken.push_back(handle); });
//   const epoll::mail arrived = box.take();

#include <comments/http/epoll/connection.hpp>
#include <comments/http/epoll/sockets.hpp>
#include <comments/http/message.hpp>
#include <comments/http/wire.hpp>
#include <comments/mutex.hpp>

#include <list>
#include <memory>
#include <utility>
#include <vector>

namespace comments::http::epoll {

// Names a connection for threads that must not touch it. The loop sets the inner pointer to null
// when it closes the connection; no other thread reads it.
using connection_handle = std::shared_ptr<connection*>;

struct mail {
  std::list<connection> newcomers{};                                     // accepted for this loop
  std::vector<std::pair<connection_handle, wire_response>> responses{};  // made by workers
  std::vector<std::pair<connection_handle, chunk>> chunks{};             // of streams, by workers
  std::vector<connection_handle> woken{};                                // their streams have more
};

// Streams and workers hold the mailbox, so it may outlive its loop; then what is posted is
// not read any more.
class mailbox final {
 public:
  // The poller of the loop reports this once after the first `post` behind a `take`.
  int socket() const { return wakeup_.socket(); }

  // Calls `add(mail&)`, which adds to the mail, and wakes the loop if it was not woken since
  // `take`. `add` runs under the lock and must not call the mailbox. Any thread. Throws what `add`
  // throws.
  template <typename Add>
  void post(Add&& add) COMMENTS_EXCLUDES(mutex_);

  // Returns what was posted since the last call. The loop's thread only.
  mail take() COMMENTS_EXCLUDES(mutex_);

 private:
  mutex mutex_{};
  mail mail_ COMMENTS_GUARDED_BY(mutex_){};
  bool is_loop_woken_ COMMENTS_GUARDED_BY(mutex_){};
  wakeup wakeup_{};
};

// --- definitions ---

template <typename Add>
void mailbox::post(Add&& add) {
  {
    const mutex_lock lock{mutex_};
    add(mail_);
    if (is_loop_woken_) return;
    is_loop_woken_ = true;
  }
  wakeup_.notify();
}

inline mail mailbox::take() {
  const mutex_lock lock{mutex_};
  is_loop_woken_ = false;
  return std::exchange(mail_, {});
}

}  // namespace comments::http::epoll
