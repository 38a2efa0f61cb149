#include <comments/http/epoll/listening.hpp>

#include <doctest/doctest.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "support/parallel.hpp"

using namespace comments::http::epoll;

namespace {

// A folder for sockets, whose paths must be short.
struct folder {
  std::string path{"/tmp/comments-XXXXXX"};

  folder() { REQUIRE(::mkdtemp(path.data()) != nullptr); }
  ~folder() { std::filesystem::remove_all(path); }
  std::string at(const std::string& name) const { return path + "/" + name; }
};

// A client's end of a connection to a path, or none.
descriptor connect_to(const std::string& path) {
  descriptor made{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0)};
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  std::memcpy(at.sun_path, path.data(), path.size());
  const int code = ::connect(*made, reinterpret_cast<const sockaddr*>(&at), sizeof at);
  return code == 0 ? std::move(made) : descriptor{};
}

listening listen_at(const std::string& path, mode_t rights = 0660) {
  auto made = listen_at_path(path, rights);
  REQUIRE(made);
  return std::move(*made);
}

std::string why_not(const std::string& path) {
  const auto made = listen_at_path(path, 0660);
  return made ? "" : made.error().message;
}

mode_t rights_of(const std::string& path) {
  struct stat about {};
  REQUIRE(::lstat(path.c_str(), &about) == 0);
  return about.st_mode & 0777;
}

bool is_there(const std::string& path) { return std::filesystem::exists(path); }

}  // namespace

TEST_CASE("a socket at a path has the rights that were asked for, and is gone with its server") {
  const folder here;
  for (const mode_t rights : {0600U, 0660U, 0666U}) {
    const auto made = listen_at(here.at("a"), rights);
    CHECK(rights_of(here.at("a")) == rights);
    CHECK(port_of(made.socket()) == 0);
  }
  CHECK_FALSE(is_there(here.at("a")));
}

TEST_CASE("who connects at a path is of this machine") {
  const folder here;
  const auto made = listen_at(here.at("a"));
  const descriptor client = connect_to(here.at("a"));
  REQUIRE(client);
  std::string peer;
  CHECK(accept_on(made.socket(), peer));
  CHECK(peer == "127.0.0.1");
}

TEST_CASE("a socket that nobody listens at is replaced, anything else is left alone") {
  const folder here;
  {
    descriptor stale{::socket(AF_UNIX, SOCK_STREAM, 0)};
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    std::memcpy(at.sun_path, here.at("a").data(), here.at("a").size());
    REQUIRE(::bind(*stale, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
  }
  REQUIRE(is_there(here.at("a")));
  const auto made = listen_at(here.at("a"));
  CHECK(connect_to(here.at("a")));
  CHECK(why_not(here.at("a")) == "somebody listens there");
  CHECK(connect_to(here.at("a")));
  std::ofstream{here.at("file")} << "kept";
  std::filesystem::create_directory(here.at("folder"));
  std::filesystem::create_symlink(here.at("file"), here.at("link"));
  for (const char* name : {"file", "folder", "link"}) {
    CHECK(why_not(here.at(name)) == "there is something else than a socket");
    CHECK(is_there(here.at(name)));
  }
}

TEST_CASE("a path that cannot be had says why") {
  const folder here;
  CHECK(why_not(here.at("none/a")) == "the folder cannot be opened");
  CHECK(why_not("") == "a socket's path has 1 to 107 bytes");
  const std::string longest = here.at(std::string(107 - here.at("").size(), 'a'));
  CHECK(why_not(longest) == "");
  CHECK(why_not(longest + "a") == "a socket's path has 1 to 107 bytes");
  CHECK(why_not(std::string{"/tmp/a\0b", 8}) == "a socket's path has 1 to 107 bytes");
}

TEST_CASE("of many that find a stale socket at once one gets the path") {
  const folder here;
  std::vector<listening> made(8);
  in_parallel(8, [&](int i) {
    if (auto one = listen_at_path(here.at("a"), 0660))
      made[static_cast<std::size_t>(i)] = std::move(*one);
  });
  int count = 0;
  for (const listening& one : made) count += static_cast<bool>(one);
  CHECK(count == 1);
  CHECK(connect_to(here.at("a")));
}

TEST_CASE("after newcomers are refused at a path, connections that came before are accepted") {
  const folder here;
  auto made = listen_at(here.at("a"));
  const descriptor early = connect_to(here.at("a"));
  made.refuse_newcomers();
  CHECK_FALSE(is_there(here.at("a")));
  CHECK_FALSE(connect_to(here.at("a")));
  std::string peer;
  CHECK(accept_on(made.socket(), peer));
  CHECK_FALSE(accept_on(made.socket(), peer));
}

TEST_CASE("a path that another server has taken meanwhile is left to it") {
  const folder here;
  auto old = listen_at(here.at("a"));
  std::filesystem::remove(here.at("a"));
  const auto next = listen_at(here.at("a"));
  old.refuse_newcomers();
  old = {};
  CHECK(connect_to(here.at("a")));
}

TEST_CASE("a socket that was handed over is used, and goes on without this process") {
  const descriptor original = listen_on("127.0.0.1", 0);
  auto taken = adopt_listening(::dup(*original));
  REQUIRE(taken);
  CHECK(taken->is_shared());
  CHECK(port_of(taken->socket()) == port_of(original));
  CHECK((::fcntl(*taken->socket(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK((::fcntl(*taken->socket(), F_GETFL) & O_NONBLOCK) != 0);
  taken->refuse_newcomers();
  sockaddr_storage at{};
  socklen_t size = sizeof at;
  REQUIRE(::getsockname(*original, reinterpret_cast<sockaddr*>(&at), &size) == 0);
  const descriptor client{::socket(AF_INET, SOCK_STREAM, 0)};
  CHECK(::connect(*client, reinterpret_cast<const sockaddr*>(&at), size) == 0);
}

TEST_CASE("what is no listening socket is not taken over") {
  const descriptor unconnected{::socket(AF_INET, SOCK_STREAM, 0)};
  const descriptor datagrams{::socket(AF_INET, SOCK_DGRAM, 0)};
  const descriptor file{::open("/dev/null", O_RDONLY)};
  for (const int number : {*unconnected, *datagrams, *file, 9'999, -1}) {
    const auto taken = adopt_listening(number);
    REQUIRE_FALSE(taken);
    CHECK(taken.error().message == "it is no socket that listens for streams");
    CHECK((number < 0 || number == 9'999 || ::fcntl(number, F_GETFD) >= 0));  // nor closed
  }
}
