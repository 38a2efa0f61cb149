#pragma once
// http/epoll/listening.ipp - definitions of http/epoll/listening.hpp.

#include <comments/http/epoll/listening.hpp>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace comments::inline v0::http::epoll {

namespace detail {

inline error no_listening(const std::string& why) { return {errc::unavailable, why}; }

inline result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof at.sun_path || path.find('\0') != path.npos)
    return no_listening("a socket's path has 1 to " + std::to_string(sizeof at.sun_path - 1) +
                        " bytes");
  std::memcpy(at.sun_path, path.data(), path.size());
  return at;
}

// Removes a socket at which nobody listens. Returns why the path is not free, or nothing.
inline std::string make_free(const std::string& path, const sockaddr_un& at) {
  struct stat about {};
  if (::lstat(path.c_str(), &about) != 0) return {};
  if (!S_ISSOCK(about.st_mode)) return "there is something else than a socket";
  const descriptor client{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  const int code = ::connect(*client, reinterpret_cast<const sockaddr*>(&at), sizeof at);
  if (code == 0 || errno != ECONNREFUSED) return "somebody listens there";
  return ::unlink(path.c_str()) == 0 ? "" : "the socket there cannot be removed";
}

}  // namespace detail

COMMENTS_INLINE listening::listening(descriptor socket, std::string path)
    : socket_{std::move(socket)}, path_{std::move(path)} {
  struct stat about {};
  if (::lstat(path_.c_str(), &about) != 0) path_.clear();
  device_ = about.st_dev;
  node_ = about.st_ino;
}

COMMENTS_INLINE void listening::swap(listening& other) noexcept {
  std::swap(socket_, other.socket_);
  std::swap(path_, other.path_);
  std::swap(device_, other.device_);
  std::swap(node_, other.node_);
  std::swap(is_shared_, other.is_shared_);
}

// The kernel cannot drop newcomers at a path, but without the path there are none.
COMMENTS_INLINE void listening::refuse_newcomers() {
  if (is_shared_) return;
  if (path_.empty())
    epoll::refuse_newcomers(socket_);
  else
    remove_path();
}

// Another server may have taken the path meanwhile.
COMMENTS_INLINE void listening::remove_path() {
  const std::string path = std::exchange(path_, {});
  struct stat about {};
  if (path.empty() || !socket_ || ::lstat(path.c_str(), &about) != 0) return;
  if (about.st_dev == device_ && about.st_ino == node_) ::unlink(path.c_str());
}

// Of several servers that start at once and find a socket that nobody listens at, one takes its
// place, and the others find that one: whoever looks has locked the folder.
COMMENTS_INLINE result<listening> listen_at_path(const std::string& path, mode_t rights) {
  const auto at = detail::address_of(path);
  if (!at) return at.error();
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == path.npos ? "." : path.substr(0, slash + 1);
  const descriptor locked{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!locked) return detail::no_listening("the folder cannot be opened");
  while (::flock(*locked, LOCK_EX) != 0 && errno == EINTR) {
  }
  if (const std::string why = detail::make_free(path, *at); !why.empty())
    return detail::no_listening(why);
  descriptor made{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  const bool is_bound =
      made && ::bind(*made, reinterpret_cast<const sockaddr*>(&*at), sizeof *at) == 0;
  if (!is_bound) return detail::no_listening("a socket cannot be made there");
  listening all{std::move(made), path};
  // Until `listen` nobody can connect, so nobody gets in by the rights of before.
  if (::chmod(path.c_str(), rights) != 0 || ::listen(*all.socket(), SOMAXCONN) != 0)
    return detail::no_listening("a socket cannot be made there");
  return all;
}

COMMENTS_INLINE result<listening> adopt_listening(int number) {
  int is_listening = 0, type = 0;
  const int yes = 1;
  socklen_t size = sizeof is_listening;
  const bool is_one = ::getsockopt(number, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &size) == 0 &&
                      ::getsockopt(number, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
  if (!is_one || is_listening == 0 || type != SOCK_STREAM)
    return detail::no_listening("it is no socket that listens for streams");
  ::fcntl(number, F_SETFD, FD_CLOEXEC);
  ::fcntl(number, F_SETFL, ::fcntl(number, F_GETFL) | O_NONBLOCK);
  ::setsockopt(number, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);  // a path's has none
  return listening{descriptor{number}, true};
}

}  // namespace comments::inline v0::http::epoll
