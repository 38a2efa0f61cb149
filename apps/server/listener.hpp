#pragma once
// listener.hpp - what clients connect to: epoll_server on Linux, elsewhere cpp-httplib's own
// server.

#include "options.hpp"

#include <comments/http/message.hpp>
#include <comments/metrics.hpp>
#include <comments/result.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace server {

class listener final {
 public:
  explicit listener(const options& chosen);
  ~listener();
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;

  // Listens on the chosen address, or takes over `passed`, a socket that listens already;
  // connections wait until `run`. Returns the address, as "127.0.0.1:8000" or "unix:/run/socket"; a
  // fault names what it is about.
  comments::result<std::string> bind(std::optional<int> passed);

  // Returns how many connections may be open: as many as were chosen, or fewer if the system allows
  // fewer.
  std::size_t connections_max() const;

  // Serves `api` until `stop`. Returns false if that was not possible.
  bool run(comments::http::handler api, comments::registry& metrics);

  // Asks clients to go elsewhere: each response is the last on its connection. Any thread.
  void drain();

  // Ends `run`, once the requests that arrived have their responses. Any thread.
  void stop();

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace server
