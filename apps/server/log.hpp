#pragma once
// log.hpp - one line on stderr for each request and event: a JSON object, or text for people.
//
// No line holds what anybody wrote, nor an address of e-mail. Lines are whole, whichever thread
// writes them. A request's line follows within `line_writer::delay_max`, so that no request waits
// for the log; an event is written when its call returns. A level below the one that was asked for
// costs nothing.

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

  // `level` and `format` as --log-level and --log-format have them.
  log(std::string_view level, std::string_view format);
  ~log();

  void info(std::string_view event, std::initializer_list<field> fields = {});
  void warn(std::string_view event, std::initializer_list<field> fields = {});
  void error(std::string_view event, std::initializer_list<field> fields = {});
  void request(const comments::http::exchange& seen);

 private:
  const bool is_json_;
  line_writer lines_;
  const std::unique_ptr<spdlog::logger> events_;
  const std::unique_ptr<spdlog::logger> requests_;
};

}  // namespace server
