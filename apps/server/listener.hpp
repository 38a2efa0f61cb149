#pragma once
// listener.hpp - what clients connect to: the event front on Linux, elsewhere cpp-httplib as it is.

#include "options.hpp"

#include <comments/http/message.hpp>
#include <comments/metrics.hpp>

#include <cstddef>
#include <memory>
#include <optional>

namespace server {

class listener final {
 public:
  explicit listener(const options& chosen);
  ~listener();
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;

  // Takes the address that was chosen; connections wait until `run`. The port, or nothing if the
  // address cannot be had.
  std::optional<int> bind();

  // How many connections may be open: those chosen, or fewer if the system allows fewer.
  std::size_t connections_max() const;

  // Serves `api` until `stop`. Whether it could.
  bool run(comments::http::handler api, comments::registry& metrics);

  // First clients are asked to go elsewhere, then those that are here get their answers, and it
  // ends. Any thread.
  void drain();
  void stop();

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace server
