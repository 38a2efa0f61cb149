#pragma once
// log.hpp - one line on stderr for each request and each event: a JSON object, or text for people.
//
// No line holds text that a user wrote, nor an e-mail address. Lines are whole, whichever threads
// write them. The line of a request is written within `line_writer::delay_max`, so that no request
// waits for the log. The line of an event is written when the call returns. A level below the
// chosen one costs nothing.
//
//   server::log log{"info", "json"};
//   log.info("listening", {{"address", "127.0.0.1:8000"}});

#include "line_writer.hpp"

#include <comments/http/middleware.hpp>

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace spdlog {
class logger;
}

namespace server {

class log final {
 public:
  using field = std::pair<std::string_view, std::string>;

  // `level` and `format` are values of --log-level and --log-format.
  log(std::string_view level, std::string_view format);
  ~log();

  // Each may be called from any thread. A line for which there is no memory is dropped and counted.
  void info(std::string_view name, std::initializer_list<field> fields = {});
  void warn(std::string_view name, std::initializer_list<field> fields = {});
  void error(std::string_view name, std::initializer_list<field> fields = {});
  void request(const comments::http::exchange& seen);

 private:
  enum class severity { info, warn, error };
  void event(severity level, std::string_view name, std::initializer_list<field> fields);
  template <typename Write>
  void write(Write&& make_and_write);

  const bool is_json_;
  line_writer lines_;
  const std::unique_ptr<spdlog::logger> events_;
  const std::unique_ptr<spdlog::logger> requests_;
};

}  // namespace server
