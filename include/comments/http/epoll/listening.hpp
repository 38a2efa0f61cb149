#pragma once
// http/epoll/listening.hpp - the socket that clients connect to: at a port, at a path, or handed
// over by whoever started the program; and how each of these stops without losing a client.
//
//   auto made = epoll::listen_at_path("/run/comments/socket", 0660);
//   if (!made) return fail(made.error().message);
//   epoll::listening listening = std::move(*made);
//   listening.refuse_newcomers();  // those that have connected can still be accepted

#include <comments/config.hpp>
#include <comments/http/epoll/sockets.hpp>
#include <comments/result.hpp>

#include <sys/types.h>

#include <string>
#include <utility>

namespace comments::inline v0::http::epoll {

class listening final {
 public:
  listening() = default;
  listening(descriptor socket, bool is_shared = false)
      : socket_{std::move(socket)}, is_shared_{is_shared} {}
  // Owns the path as well, as long as that is this socket's.
  listening(descriptor socket, std::string path);
  listening(listening&& other) noexcept { swap(other); }
  listening& operator=(listening&& other) noexcept {
    listening taken{std::move(other)};
    swap(taken);
    return *this;
  }
  ~listening() { remove_path(); }

  explicit operator bool() const { return static_cast<bool>(socket_); }
  const descriptor& socket() const { return socket_; }
  // Returns whether another process has the socket, too, and goes on with it: what connects from
  // now on is for that one.
  bool is_shared() const { return is_shared_; }

  // Lets nobody connect any more, as far as the socket is this process's alone. Connections that
  // were made still arrive.
  void refuse_newcomers();

 private:
  void swap(listening& other) noexcept;
  void remove_path();

  descriptor socket_{};
  std::string path_{};  // empty: none, or removed
  dev_t device_{};      // what stood at the path when this listened there
  ino_t node_{};
  bool is_shared_{};
};

// Listens at a path, with these rights. Takes the place of a socket there at which nobody listens
// any more. `unavailable`, with the reason, if somebody listens, if something else stands there, if
// the path is too long, or if the folder is not there or not to be written.
result<listening> listen_at_path(const std::string& path, mode_t rights);

// Takes over a socket that listens already. `unavailable` if `number` is not one.
result<listening> adopt_listening(int number);

}  // namespace comments::inline v0::http::epoll

#ifndef COMMENTS_COMPILED
#include <comments/http/epoll/listening.ipp>
#endif
