#include "log.hpp"

#include <comments/clock.hpp>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

namespace server {
namespace {

using document = nlohmann::ordered_json;

document start(spdlog::level::level_enum level, std::string_view event) {
  const auto name = spdlog::level::to_string_view(level);
  return {{"time", comments::to_rfc3339(comments::system_clock()())},
          {"level", std::string{name.data(), name.size()}},
          {"event", event}};
}

// {"time":T,"level":L,"event":E,"a":1} as `T L E a=1`.
std::string to_text(const document& line) {
  std::string text;
  for (const auto& [name, value] : line.items()) {
    const bool is_head = name == "time" || name == "level" || name == "event";
    text += text.empty() ? "" : " ";
    text += is_head ? "" : name + "=";
    text += value.is_string() ? value.get_ref<const std::string&>() : value.dump();
  }
  return text;
}

void write(spdlog::logger& logger, spdlog::level::level_enum level, bool is_json,
           const document& line) {
  constexpr auto replace = document::error_handler_t::replace;
  logger.log(level, is_json ? line.dump(-1, ' ', false, replace) : to_text(line));
}

void write_event(spdlog::logger& logger, spdlog::level::level_enum level, bool is_json,
                 std::string_view event, std::initializer_list<log::field> fields) {
  if (!logger.should_log(level)) return;
  document line = start(level, event);
  for (const auto& [name, value] : fields) line[std::string{name}] = value;
  write(logger, level, is_json, line);
}

}  // namespace

log::log(std::string_view level, std::string_view format)
    : logger_{std::make_shared<spdlog::logger>("comments",
                                               std::make_shared<spdlog::sinks::stderr_sink_mt>())},
      is_json_{format == "json"} {
  logger_->set_pattern("%v");
  logger_->set_level(spdlog::level::from_str(std::string{level}));
}

void log::info(std::string_view event, std::initializer_list<field> fields) {
  write_event(*logger_, spdlog::level::info, is_json_, event, fields);
}

void log::error(std::string_view event, std::initializer_list<field> fields) {
  write_event(*logger_, spdlog::level::err, is_json_, event, fields);
}

void log::request(const comments::http::exchange& seen) {
  const auto level = seen.status >= 500 ? spdlog::level::err : spdlog::level::info;
  if (!logger_->should_log(level)) return;
  document line = start(level, "request");
  line["request_id"] = seen.id;
  line["method"] = seen.method;
  line["route"] = seen.route;
  line["status"] = seen.status;
  line["duration_us"] = seen.duration.count();
  write(*logger_, level, is_json_, line);
}

}  // namespace server
