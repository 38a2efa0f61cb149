#pragma once
// postgres_proxy.hpp - stands between a store and the tests' PostgreSQL, cuts connections while
// they commit, and loses locks.
//
//   const testing::postgres_proxy proxy{schema};
//   const auto store = open({.conninfo = proxy.conninfo()});
//   proxy.cut(1, testing::commit_cut::behind);  // the next commit is done and not answered
//
// A shard that moves leaves its locks behind. So does this: `lose_locks` before the store connects
// has each SELECT … FOR UPDATE lock nothing, and `interrupt` lets others write in between.
//
// PostgreSQL's protocol, version 3: a message is its type, its length, which counts itself, and its
// content. The first from a client has no type.

#include <doctest/doctest.h>

#include "support/postgres_schema.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace testing {

// Whether the database does not get the commit, or executes it and its answer is lost.
enum class commit_cut { before, behind };

class postgres_proxy final {
 public:
  explicit postgres_proxy(const postgres_schema& in) : schema_{in} {
    const std::string folder = in.run("SHOW unix_socket_directories");
    database_ = folder + "/.s.PGSQL." + in.run("SHOW port");
    std::string made = std::filesystem::temp_directory_path() / "proxy-XXXXXX";
    REQUIRE(::mkdtemp(made.data()));
    folder_ = made;
    const sockaddr_un at = address_of(folder_ / ".s.PGSQL.5432");
    REQUIRE(::bind(listening_, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
    REQUIRE(::listen(listening_, 64) == 0);
    accepting_ = std::thread{[this] { accept(); }};
  }
  postgres_proxy(const postgres_proxy&) = delete;
  postgres_proxy& operator=(const postgres_proxy&) = delete;
  ~postgres_proxy() {
    is_over_ = true;
    accepting_.join();
    for (std::thread& one : carrying_) one.join();
    ::close(listening_);
    std::filesystem::remove_all(folder_);
  }

  std::string conninfo() const {
    return schema_.conninfo() + " host=" + folder_.string() + " port=5432";
  }

  // Has the next `count` commits cut.
  void cut(int count, commit_cut where) {
    where_ = where;
    left_ = count;
  }
  // How many of them are still to come.
  int left() const { return left_; }
  void lose_locks() { loses_locks_ = true; }
  // Calls `meanwhile` once, between what the next transaction has read and what it then does. Not
  // while another one is to be called.
  void interrupt(std::function<void()> meanwhile) {
    meanwhile_ = std::move(meanwhile);
    is_interrupting_ = true;
  }
  // Returns the statements that clients have had prepared since the last call.
  std::vector<std::string> take_statements() {
    const std::lock_guard lock{noting_};
    return std::exchange(statements_, {});
  }
  // Takes no further connections, as a database that went away, or takes them again.
  void refuse(bool is_refusing = true) { is_refusing_ = is_refusing; }

 private:
  static constexpr int patience = 10;  // milliseconds, from one look at `is_over_` to the next

  static sockaddr_un address_of(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.string().copy(address.sun_path, sizeof address.sun_path - 1);
    return address;
  }

  void accept() {
    while (!is_over_) {
      pollfd waiting{listening_, POLLIN, 0};
      if (::poll(&waiting, 1, patience) <= 0) continue;
      const int client = ::accept(listening_, nullptr, nullptr);
      const int server = ::socket(AF_UNIX, SOCK_STREAM, 0);
      const sockaddr_un to = address_of(database_);
      if (is_refusing_ ||
          ::connect(server, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
        ::close(client);
        ::close(server);
        continue;
      }
      carrying_.emplace_back([this, client, server] { carry(client, server); });
    }
  }

  // One side of a connection: what it said, as far as it has not been passed on.
  struct side {
    int socket{};
    std::string read{};
    bool has_types{};
    bool is_open{true};
  };

  void carry(int client_socket, int server_socket) {
    side client{client_socket}, server{server_socket, {}, true};
    std::string commit_name = "no name";
    bool has_read = false;  // its transaction waits for what comes next
    const auto is_commit_asked = [&](char type, std::string& content) {
      if (std::exchange(has_read, false) && is_interrupting_.exchange(false)) meanwhile_();
      if (type == 'P') note(content);
      if (type == 'P' && loses_locks_) lose_lock(content);
      return is_commit(type, content, commit_name) && takes(commit_cut::before);
    };
    const auto is_commit_answered = [&](char type, const std::string& content) {
      if (type == 'Z') has_read = content == "T";
      return type == 'C' && std::string_view{content.data()} == "COMMIT" &&
             takes(commit_cut::behind);
    };
    while (!is_over_ && client.is_open && server.is_open) {
      pollfd both[] = {{client.socket, POLLIN, 0}, {server.socket, POLLIN, 0}};
      if (::poll(both, 2, patience) <= 0) continue;
      if (both[0].revents) client.is_open = pass(client, server, is_commit_asked);
      if (both[1].revents && client.is_open)
        server.is_open = pass(server, client, is_commit_answered);
    }
    ::close(client.socket);
    ::close(server.socket);
  }

  // Whether a client asks for a commit, whose prepared statement it names before.
  static bool is_commit(char type, std::string_view content, std::string& commit_name) {
    const std::string_view first = content.substr(0, content.find('\0'));
    const std::string_view second = content.substr(first.size() + 1).data();
    if (type == 'P' && second == "COMMIT") commit_name = first;  // name, statement
    return type == 'B' && second == commit_name;
  }

  void note(const std::string& content) {
    const std::lock_guard lock{noting_};
    statements_.emplace_back(content.c_str() + content.find('\0') + 1);  // behind its name
  }

  static void lose_lock(std::string& statement) {
    constexpr std::string_view lock = " FOR UPDATE";
    const auto place = statement.find(lock);
    if (place != std::string::npos) statement.replace(place, lock.size(), lock.size(), ' ');
  }

  bool takes(commit_cut where) { return where_ == where && left_ > 0 && left_-- > 0; }

  // Passes whole messages on, up to the one that is cut.
  template <typename IsCut>
  static bool pass(side& from, const side& to, const IsCut& is_cut) {
    char bytes[16'384];
    const ssize_t size = ::recv(from.socket, bytes, sizeof bytes, 0);
    if (size <= 0) return false;
    from.read.append(bytes, static_cast<std::size_t>(size));
    for (;;) {
      const std::size_t head = from.has_types ? 5 : 4;
      if (from.read.size() < head) return true;
      std::uint32_t length = 0;
      for (std::size_t i = head - 4; i < head; ++i)
        length = length << 8 | static_cast<unsigned char>(from.read[i]);
      const std::size_t whole = length + head - 4;
      if (from.read.size() < whole) return true;
      std::string message = from.read.substr(0, head),
                  content = from.read.substr(head, whole - head);
      if (from.has_types && !content.empty() && is_cut(message[0], content)) return false;
      message += content;
      from.read.erase(0, whole);
      from.has_types = true;
      if (::send(to.socket, message.data(), message.size(), MSG_NOSIGNAL) < 0) return false;
    }
  }

  const postgres_schema& schema_;
  std::string database_{};
  std::filesystem::path folder_{};
  const int listening_{::socket(AF_UNIX, SOCK_STREAM, 0)};
  std::atomic<commit_cut> where_{commit_cut::before};
  std::atomic<int> left_{};
  std::atomic<bool> is_over_{}, is_refusing_{}, loses_locks_{}, is_interrupting_{};
  std::function<void()> meanwhile_{};
  std::mutex noting_{};
  std::vector<std::string> statements_{};
  std::vector<std::thread> carrying_{};  // of the accepting thread, until it ended
  std::thread accepting_{};
};

}  // namespace testing
