#pragma once
// options.hpp - the options of the server, from the command line or the environment.
//
//   const server::parsed parsed = server::parse(argc, argv);
//   if (parsed.exit_code) return *parsed.exit_code;

#include "guard.hpp"
#include "reread.hpp"

#include <comments/api/context.hpp>
#include <comments/renderer.hpp>
#include <comments/service_options.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace server {

struct options {
  std::string host{"127.0.0.1"};
  int port{8000};
  std::string path{};  // of a socket, which then takes the place of host and port
  unsigned int socket_mode{0660};
  std::string store{"sqlite:comments.db"};
  std::size_t store_connections{10};
  std::chrono::milliseconds store_wait{5'000};
  std::chrono::milliseconds store_idle{60'000};
  std::string store_notify{"on"};
  std::string store_pooler{"auto"};
  std::string log_level{"info"};
  std::string log_format{"json"};
  std::string legacy_emails{"show"};
  std::string markup{"markdown"};
  std::string guard{"standard"};
  std::chrono::seconds drain_delay{1};
  comments::service_options service{};
  comments::http::rate_options rates{.writes = {.per_minute = guard::writes_per_minute},
                                     .posts = {.per_minute = guard::posts_per_minute},
                                     .content_writes = {.per_minute = guard::content_per_minute},
                                     .failed_tokens = {.per_minute = 60}};
  comments::http::cors_options cors{};
  std::optional<std::string> path_prefix{};  // none: proxies say it
  comments::auth::secrets secrets{};         // given without a file
  file_names files{};
  std::shared_ptr<file_settings> held{};  // what the files and the options hold; never null
  std::vector<std::string> readable{};    // as in `file_values`
  std::size_t threads{64};
  std::size_t connections_max{20'000};
  std::size_t client_connections_max{};  // 0: half of the connections
  std::size_t client_followers_max{};    // 0: half of the followers
  std::size_t memory_bytes{};            // held for clients and kept; `parse` replaces 0
  std::size_t cache_bytes{67'108'864};   // of these, for pages
  enum { serve, check, migrate, copy, back_up, restore } action{serve};
  bool is_epoch_new{};  // of `migrate`
  std::string from{};   // the stores of `copy`
  std::string to{};
  std::string file{};  // of `back_up` and `restore`
};

// The options, or the code to exit with: 0 after --help and --version, 2 after a mistake.
struct parsed {
  options chosen{};
  std::optional<int> exit_code{};
};

// Reads the options. Writes what --help and --version ask for to stdout, and a mistake to stderr,
// as one line.
parsed parse(int argc, const char* const* argv);

// Whether `store` names a PostgreSQL database: by a URI, or by keywords and values.
bool is_postgres(const std::string& store);

// Returns what makes HTML of comments, by the name of their markup.
comments::renderer to_renderer(const std::string& markup);

// Writes one line to stderr. Returns `exit_code`.
int fail(int exit_code, const std::string& why);

// Returns "127.0.0.1:8000" or "[::1]:8000", as it stands in a URL.
std::string to_address(const std::string& host, int port);

}  // namespace server
