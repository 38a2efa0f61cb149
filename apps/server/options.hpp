#pragma once
// options.hpp - what the server can be told, on the command line or in the environment.

#include <comments/api/context.hpp>
#include <comments/service_options.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

namespace server {

struct options {
  std::string host{"127.0.0.1"};
  int port{8000};
  std::string store{"sqlite:comments.db"};
  std::size_t store_connections{10};
  std::chrono::milliseconds store_wait{5'000};
  std::chrono::milliseconds store_idle{60'000};
  std::string store_notify{"on"};
  std::string log_level{"info"};
  std::string log_format{"json"};
  std::string legacy_emails{"show"};
  std::string markup{"markdown"};
  std::string blocked_words{};
  std::chrono::seconds drain_delay{1};
  comments::service_options service{};
  comments::http::rate_options rates{.failed_tokens = {.per_minute = 60}};
  comments::http::cors_options cors{};
  comments::auth::secrets secrets{};
  std::size_t threads{64};
  std::size_t connections_max{20'000};
  std::size_t cache_bytes{67'108'864};
  enum { serve, check, migrate, copy } action{serve};
  std::string from{};  // of a copy
  std::string to{};
};

// The options, or the code to exit with after everything was said: 0 for --help and --version, 2
// for a mistake, of which stderr has one line.
struct parsed {
  options chosen{};
  std::optional<int> exit_code{};
};
parsed parse(int argc, const char* const* argv);

// Whether `--store` names a PostgreSQL database, by a URI or by keywords and values.
bool is_postgres(const std::string& store);

// One line on stderr, for a person.
int fail(int exit_code, const std::string& why);

// "127.0.0.1:8000", "[::1]:8000": as one writes it in a URL.
std::string to_address(const std::string& host, int port);

}  // namespace server
