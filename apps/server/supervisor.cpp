#include "supervisor.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

namespace server {

using namespace comments;

namespace {

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

result<std::optional<int>> passed_socket() {
  constexpr int first = 3;
  const bool is_ours = variable("LISTEN_PID") == std::to_string(::getpid());
  const std::string count = variable("LISTEN_FDS");
  if (!is_ours || count.empty() || count == "0") return std::optional<int>{};
  if (count != "1") return error{errc::invalid, "one socket can be handed over, and not " + count};
  return std::optional{first};
}

void notify_supervisor(std::string_view state) {
  const std::string path = variable("NOTIFY_SOCKET");
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof to.sun_path) return;
  std::memcpy(to.sun_path, path.data(), path.size());
  if (path.front() == '@') to.sun_path[0] = '\0';  // an abstract name
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  std::string said{state};
  if (state == "RELOADING=1") {  // for Type=notify-reload
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    said += "\nMONOTONIC_USEC=" + std::to_string(now.tv_sec * 1'000'000 + now.tv_nsec / 1'000);
  }
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return;
  ::sendto(socket, said.data(), said.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&to),
           size);
  ::close(socket);
}

}  // namespace server
