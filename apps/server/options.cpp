#include "options.hpp"

#include <comments/version.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string_view>
#include <utility>
#include <vector>

namespace server {
namespace {

// "host:port", "[::1]:port" or ":port" (every address). Empty if it is fine, else what is wrong.
std::string read_address(const std::string& text, options& chosen) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return "must be HOST:PORT";
  const std::string port = text.substr(colon + 1);
  std::uint16_t number = 0;
  const auto [end, code] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (port.empty() || code != std::errc{} || end != port.data() + port.size())
    return "must end in a port from 0 to 65535";
  std::string host = text.substr(0, colon);
  const bool has_brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (has_brackets) host = host.substr(1, host.size() - 2);
  if (!has_brackets && host.find(':') != std::string::npos)
    return "must have brackets around an IPv6 address";
  chosen.host = host.empty() ? "0.0.0.0" : host;
  chosen.port = number;
  return {};
}

std::string check_store(const std::string& text) {
  const bool is_file = text.starts_with("sqlite:") && text.size() > 7;
  return text == "memory:" || is_file ? "" : "must be memory: or sqlite:FILE";
}

std::string environment_name(std::string option) {
  std::ranges::transform(option, option.begin(), [](unsigned char c) {
    return c == '-' ? '_' : static_cast<char>(std::toupper(c));
  });
  return "COMMENTS_" + option;
}

std::string version_line() {
  return "comments-server " + std::string{comments::library_version} +
         " (commit " COMMENTS_COMMIT ", " COMMENTS_BUILD_DATE ")";
}

// Every option is an environment variable too, so each is added through here. `values` is what it
// takes, in a word.
template <typename Value>
void add(CLI::App& app, const std::string& name, const std::string& values, Value& value,
         const std::string& meaning, const CLI::Validator& check) {
  app.add_option("--" + name, value, meaning)
      ->envname(environment_name(name))
      ->type_name(values)
      ->capture_default_str()
      ->check(check);
}

// One of `names`; whole numbers from `low` to `high`.
CLI::Validator one_of(std::vector<std::string> names) {
  return CLI::IsMember{std::move(names)}.description("");
}
CLI::Validator whole(std::int64_t low, std::int64_t high) {
  const auto check = [low, high](const std::string& text) -> std::string {
    std::int64_t number = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool is_fine = code == std::errc{} && end == text.data() + text.size() && low <= number;
    if (is_fine && number <= high) return {};
    return "must be a whole number from " + std::to_string(low) + " to " + std::to_string(high);
  };
  return {check, ""};
}

// `why` as CLI11 says it, with the variable that it is about, if it came from the environment.
std::string to_line(const std::string& why, int argc, const char* const* argv) {
  const std::string option = why.substr(0, why.find(':'));
  const auto is_it = [&](std::string_view given) {
    return given == option || given.starts_with(option + "=");
  };
  if (!why.starts_with("--") || std::any_of(argv, argv + argc, is_it)) return why;
  const std::string variable = environment_name(option.substr(2));
  return std::getenv(variable.c_str()) ? variable + why.substr(option.size()) : why;
}

}  // namespace

int fail(int exit_code, const std::string& why) {
  std::string line = why;
  std::ranges::replace(line, '\n', ' ');
  std::cerr << "comments-server: " << line << '\n';
  return exit_code;
}

std::string to_address(const std::string& host, int port) {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

parsed parse(int argc, const char* const* argv) {
  parsed answer;
  options& chosen = answer.chosen;
  std::string listen = to_address(chosen.host, chosen.port);
  std::int64_t edit_window = chosen.edit_window.count();
  std::int64_t drain_delay = chosen.drain_delay.count();

  CLI::App app{"Serves comments over HTTP: the original two endpoints and /api/v1."};
  app.name("comments-server");
  app.set_version_flag("--version", version_line());
  add(app, "listen", "HOST:PORT", listen, "Address to serve on; port 0 picks a free one",
      {[&](const std::string& text) { return read_address(text, chosen); }, ""});
  add(app, "store", "STORE", chosen.store,
      "Where comments live: sqlite:FILE, or memory:", {check_store, ""});
  add(app, "log-level", "LEVEL", chosen.log_level, "debug, info, warn, error or off",
      one_of({"debug", "info", "warn", "error", "off"}));
  add(app, "log-format", "FORMAT", chosen.log_format, "json for machines, text for people",
      one_of({"json", "text"}));
  add(app, "legacy-emails", "show|hide", chosen.legacy_emails,
      "Whether the original API's list publishes e-mail addresses", one_of({"show", "hide"}));
  add(app, "edit-window", "SECONDS", edit_window, "How long an author may edit a comment",
      whole(0, 31'536'000));
  add(app, "drain-delay", "SECONDS", drain_delay,
      "On SIGTERM, from the first 503 of /readyz to the end of accepting", whole(0, 300));
  add(app, "threads", "NUMBER", chosen.threads, "Requests that may write, and wait, at once",
      whole(1, 4096));
  add(app, "connections-max", "NUMBER", chosen.connections_max,
      "Connections that may be open; one more is told 503 and closed", whole(1, 1'000'000));
  add(app, "cache-bytes", "BYTES", chosen.cache_bytes,
      "Memory for pages that were made already; 0 keeps none", whole(0, 1'099'511'627'776));
  app.add_flag("--check", chosen.check,
               "Ask the server at --listen whether it is ready; exit 0 if so, else 1");

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& done) {  // --help, --version
    answer.exit_code = app.exit(done);
    return answer;
  } catch (const CLI::ParseError& mistake) {
    answer.exit_code = fail(2, to_line(mistake.what(), argc, argv));
    return answer;
  }
  read_address(listen, chosen);
  chosen.edit_window = std::chrono::seconds{edit_window};
  chosen.drain_delay = std::chrono::seconds{drain_delay};
  return answer;
}

}  // namespace server
