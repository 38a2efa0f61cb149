#include "log.hpp"

#include <comments/clock.hpp>
#include <comments/guarded.hpp>
#include <comments/json/encode.hpp>

#include <spdlog/logger.h>
#include <spdlog/sinks/sink.h>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <utility>

namespace server {
namespace {

comments::instant now() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

// Where spdlog's messages go. A message is a whole line, so there is nothing to format.
class line_sink final : public spdlog::sinks::sink {
 public:
  using write_function = void (line_writer::*)(std::string_view);

  line_sink(line_writer& lines, write_function write) : lines_{lines}, write_{write} {}

  void log(const spdlog::details::log_msg& message) override {
    (lines_.*write_)({message.payload.data(), message.payload.size()});
  }
  void flush() override { lines_.write_now(""); }
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

 private:
  line_writer& lines_;
  const write_function write_;
};

std::unique_ptr<spdlog::logger> make_logger(line_writer& lines, line_sink::write_function write,
                                            std::string_view level) {
  auto made =
      std::make_unique<spdlog::logger>("comments", std::make_shared<line_sink>(lines, write));
  made->set_level(spdlog::level::from_str(std::string{level}));
  return made;
}

// Returns the time as a line has it, until the next call in this thread. All but the milliseconds
// is kept for the next line of the same second.
std::string_view time_text(comments::instant at) {
  thread_local std::string text;
  thread_local auto known = std::chrono::sys_seconds::min();
  const auto second = std::chrono::floor<std::chrono::seconds>(at);
  if (second != known) text = comments::to_rfc3339(second);
  known = second;
  const auto part = static_cast<int>((at - second).count());
  const std::size_t end = text.size() - 4;  // "…:00.125Z"
  for (const auto& [place, unit] : {std::pair{end, 100}, {end + 1, 10}, {end + 2, 1}})
    text[place] = static_cast<char>('0' + part / unit % 10);
  return text;
}

// Returns `T L E a=1`, or {"time":T,"level":L,"event":E,"a":"1"}.
std::string event_line(bool is_json, std::string_view level, std::string_view name,
                       std::initializer_list<log::field> fields) {
  std::string line;
  if (!is_json) {
    line.append(time_text(now())).append(" ").append(level).append(" ").append(name);
    for (const auto& [key, value] : fields) line.append(" ").append(key).append("=").append(value);
    return line += "\n";
  }
  comments::json::append_text(line += R"({"time":)", time_text(now()));
  comments::json::append_text(line += R"(,"level":)", level);
  comments::json::append_text(line += R"(,"event":)", name);
  for (const auto& [key, value] : fields) {
    comments::json::append_text(line += ",", key);
    comments::json::append_text(line += ":", value);
  }
  return line += "}\n";
}

// The line of a request, written without a JSON library because requests are many. Nothing in it
// needs to be escaped: all values are the server's own words, or ids of letters, digits and `-`.
class request_line final {
 public:
  explicit request_line(bool is_json) : is_json_{is_json} { text_.reserve(256); }

  request_line& head(std::string_view name, std::string_view value) {
    if (is_json_) return word(name, value);
    text_.append(text_.empty() ? "" : " ").append(value);
    return *this;
  }
  request_line& word(std::string_view name, std::string_view value) {
    start(name);
    text_.append(is_json_ ? "\"" : "").append(value).append(is_json_ ? "\"" : "");
    return *this;
  }
  request_line& number(std::string_view name, std::int64_t value) {
    char digits[24];
    start(name);
    text_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
    return *this;
  }
  const std::string& end() { return text_ += is_json_ ? "}\n" : "\n"; }

 private:
  void start(std::string_view name) {
    if (is_json_)
      text_.append(text_.empty() ? "{\"" : ",\"").append(name).append("\":");
    else
      text_.append(" ").append(name).append("=");
  }

  const bool is_json_;
  std::string text_{};
};

}  // namespace

log::log(std::string_view level, std::string_view format)
    : is_json_{format == "json"},
      lines_{[](std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); },
             [is_json = is_json_](std::uint64_t count) {
               return event_line(is_json, "error", "lines_dropped",
                                 {{"count", std::to_string(count)}});
             }},
      events_{make_logger(lines_, &line_writer::write_now, level)},
      requests_{make_logger(lines_, &line_writer::write_later, level)} {}
log::~log() = default;

template <typename Write>
void log::write(Write&& make_and_write) {
  if (!comments::guarded(make_and_write)) lines_.count_dropped();
}

void log::event(severity level, std::string_view name, std::initializer_list<field> fields) {
  constexpr std::array levels{std::pair{spdlog::level::info, "info"},
                              std::pair{spdlog::level::warn, "warn"},
                              std::pair{spdlog::level::err, "error"}};
  const auto& known = levels[static_cast<std::size_t>(level)];
  if (!events_->should_log(known.first)) return;
  write([&] { events_->log(known.first, event_line(is_json_, known.second, name, fields)); });
}

void log::info(std::string_view name, std::initializer_list<field> fields) {
  event(severity::info, name, fields);
}

void log::warn(std::string_view name, std::initializer_list<field> fields) {
  event(severity::warn, name, fields);
}

void log::error(std::string_view name, std::initializer_list<field> fields) {
  event(severity::error, name, fields);
}

void log::request(const comments::http::exchange& seen) {
  const bool is_error = seen.status >= 500;
  const auto level = is_error ? spdlog::level::err : spdlog::level::info;
  if (!requests_->should_log(level)) return;
  write([&] {
    request_line line{is_json_};
    line.head("time", time_text(now())).head("level", is_error ? "error" : "info");
    line.head("event", "request").word("request_id", seen.id).word("method", seen.method);
    line.word("route", seen.route).number("status", seen.status);
    requests_->log(level, line.number("duration_us", seen.duration.count()).end());
  });
}

}  // namespace server
