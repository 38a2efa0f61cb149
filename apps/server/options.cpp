#include "options.hpp"

#include "memory.hpp"

#include <comments/http/proxies.hpp>
#include <comments/markdown/cmark.hpp>
#include <comments/rules/honeypot.hpp>
#include <comments/rules/links.hpp>
#include <comments/rules/repeated_text.hpp>
#include <comments/rules/typing_time.hpp>
#include <comments/version.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace server {
namespace {

// Reads "host:port", "[::1]:port", ":port" (every address) or "unix:path". Returns a fault, or
// nothing.
std::string read_address(const std::string& text, options& chosen) {
  chosen.path.clear();
  if (text.starts_with("unix:")) {
    chosen.path = text.substr(5);
    return chosen.path.empty() ? "must be HOST:PORT, or unix:PATH" : "";
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return "must be HOST:PORT, or unix:PATH";
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
  if (text == "memory:" || is_file || is_postgres(text)) return "";
  return "must be memory:, sqlite:FILE, or a connection string of PostgreSQL";
}

// A path that begins as one of the server's own could not be told from it.
comments::result<std::string> read_prefix(const std::string& text) {
  using comments::errc, comments::error;
  auto prefix = comments::http::parse_path_prefix(text);
  if (!prefix || text.empty())
    return error{errc::invalid, "must be a path such as /comments, or / for none"};
  const std::string first = prefix->substr(0, prefix->find('/', 1));
  constexpr std::string_view ours[] = {"/api",     "/assets",  "/contents",
                                       "/healthz", "/metrics", "/moderation",
                                       "/readyz",  "/status",  "/version"};
  if (std::ranges::find(ours, first) != std::end(ours))
    return error{errc::invalid, first + " is a path of the server itself"};
  return std::move(*prefix);
}

comments::result<unsigned int> read_mode(const std::string& text) {
  unsigned int mode = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  if (code == std::errc{} && end == text.data() + text.size() && mode <= 0777) return mode;
  return comments::error{comments::errc::invalid, "must be rights such as 660"};
}

// Returns a validator that reads a text into `value` by `parse`.
template <typename Value, typename Parse>
CLI::Validator read_into(Value& value, Parse parse) {
  return {[&value, parse](const std::string& text) -> std::string {
            auto parsed = parse(text);
            if (!parsed) return parsed.error().message;
            value = std::move(*parsed);
            return {};
          },
          ""};
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

// Adds an option that is an environment variable as well. `values` names its values for the help.
template <typename Value>
void add(CLI::App& app, const std::string& name, const std::string& values, Value& value,
         const std::string& meaning, const CLI::Validator& check) {
  app.add_option("--" + name, value, meaning)
      ->envname(environment_name(name))
      ->type_name(values)
      ->capture_default_str()
      ->check(check);
}

// Return validators: for one of `names`, and for whole numbers from `low` to `high`.
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

// Returns the fault that CLI11 found. If the value came from the environment, the variable is named
// instead of the option.
std::string to_line(const std::string& why, int argc, const char* const* argv) {
  const std::string option = why.substr(0, why.find(':'));
  const auto names_it = [&](std::string_view given) {
    return given == option || given.starts_with(option + "=");
  };
  if (!why.starts_with("--") || std::any_of(argv, argv + argc, names_it)) return why;
  const std::string variable = environment_name(option.substr(2));
  return std::getenv(variable.c_str()) ? variable + why.substr(option.size()) : why;
}

// Returns a fault that names the unknown options without their values, which may be secrets.
std::string to_unknown(const std::vector<std::string>& words) {
  std::string names;
  for (const std::string& word : words)
    if (word.starts_with('-')) names += " " + word.substr(0, word.find('='));
  return names.empty() ? "no option: " + words.front() : "no such option:" + names;
}

// Options that CLI11 reads as plain numbers, and that the service has other types for.
struct plain_numbers {
  explicit plain_numbers(const options& chosen)
      : edit_window{std::chrono::floor<std::chrono::seconds>(chosen.service.edit_window).count()},
        drain_delay{chosen.drain_delay.count()},
        store_wait{chosen.store_wait.count()},
        store_idle{std::chrono::floor<std::chrono::seconds>(chosen.store_idle).count()},
        origin_days{chosen.service.origins_kept.count() / 24} {}

  std::int64_t edit_window{};
  std::int64_t drain_delay{};
  std::int64_t store_wait{};
  std::int64_t store_idle{};
  std::int64_t origin_days{};
  std::int64_t links_max{-1};
  std::int64_t newcomer_links_max{guard::newcomer_links_max};
  std::int64_t repeat_window{guard::repeat_window.count()};
  std::int64_t typing_time{guard::typing_time.count()};
};

void add_postgres(CLI::App& app, options& chosen, plain_numbers& plain) {
  add(app, "store-connections", "NUMBER", chosen.store_connections,
      "Connections to PostgreSQL, beside one that listens to what other servers change",
      whole(1, 1000));
  add(app, "store-wait", "MILLISECONDS", plain.store_wait,
      "How long PostgreSQL may take for a statement; two fifths of it for a lock",
      whole(100, 600'000));
  add(app, "store-idle", "SECONDS", plain.store_idle,
      "How long an unused connection to PostgreSQL is kept", whole(1, 86'400));
  add(app, "store-notify", "on|off", chosen.store_notify,
      "Whether PostgreSQL announces what other servers change, or is asked again and again",
      one_of({"on", "off"}));
  add(app, "store-pooler", "auto|on|off", chosen.store_pooler,
      "Whether a pooler such as PgBouncer gives PostgreSQL's sessions to one transaction each",
      one_of({"auto", "on", "off"}));
}

void add_serving(CLI::App& app, options& chosen, std::string& listen, std::string& mode,
                 plain_numbers& plain) {
  add(app, "listen", "HOST:PORT", listen,
      "Address to serve on, or unix:PATH; port 0 picks a free one",
      {[&](const std::string& text) { return read_address(text, chosen); }, ""});
  add(app, "socket-mode", "MODE", mode, "Rights at unix:PATH, in octal digits",
      read_into(chosen.socket_mode, read_mode));
  add(app, "store", "STORE", chosen.store,
      "Where comments are stored: sqlite:FILE, postgresql://…, or memory:", {check_store, ""});
  add_postgres(app, chosen, plain);
  add(app, "log-level", "LEVEL", chosen.log_level, "debug, info, warn, error or off",
      one_of({"debug", "info", "warn", "error", "off"}));
  add(app, "log-format", "FORMAT", chosen.log_format, "json for machines, text for people",
      one_of({"json", "text"}));
  add(app, "drain-delay", "SECONDS", plain.drain_delay,
      "After SIGTERM, how long requests are still accepted while /readyz answers 503",
      whole(0, 300));
  add(app, "threads", "NUMBER", chosen.threads,
      "Requests that may write, and wait, at the same time", whole(1, 4096));
  add(app, "connections-max", "NUMBER", chosen.connections_max,
      "Connections that may be open; one more gets 503 and is closed", whole(1, 1'000'000));
  add(app, "followers-max", "NUMBER", chosen.service.followers.subscribers_max,
      "Connections that may follow contents live; one more gets 503", whole(0, 1'000'000));
  add(app, "client-connections-max", "NUMBER", chosen.client_connections_max,
      "Connections of one address; one more gets 503; 0: half of all", whole(0, 1'000'000));
  add(app, "client-followers-max", "NUMBER", chosen.client_followers_max,
      "Connections of one address that may follow contents live; 0: half of all",
      whole(0, 1'000'000));
  add(app, "memory-bytes", "BYTES", chosen.memory_bytes,
      "Memory for requests, responses and pages; 0: three eighths of what is granted, 512 MiB at "
      "most",
      whole(0, 1'099'511'627'776));
  add(app, "cache-bytes", "BYTES", chosen.cache_bytes,
      "Of this, for pages that are kept after they were made; 0: none; unless it is set, a quarter "
      "at most",
      whole(0, 1'099'511'627'776));
}

void add_comments(CLI::App& app, options& chosen, std::string& mode, plain_numbers& plain) {
  comments::service_options& service = chosen.service;
  add(app, "legacy-emails", "show|all|hide", chosen.legacy_emails,
      "E-mail addresses in the legacy API's list: those given to that API (show), all, or none",
      one_of({"show", "all", "hide"}));
  add(app, "markup", "MARKUP", chosen.markup, "How comments are written: markdown or plain",
      one_of({"markdown", "plain"}));
  add(app, "edit-window", "SECONDS", plain.edit_window, "How long an author may edit a comment",
      whole(0, 31'536'000));
  add(app, "edits-max", "NUMBER", service.edits_max, "How often an author may edit a comment",
      whole(0, 10'000));
  add(app, "depth-max", "NUMBER", service.depth_max,
      "How deep replies are nested; a deeper one is put at this depth", whole(1, 100));
  add(app, "body-bytes-max", "BYTES", service.limits.body_bytes_max, "Length of a comment",
      whole(1, 16'384));
  add(app, "page-max", "NUMBER", service.page_max, "Comments on one page", whole(1, 200));
  add(app, "mode", "MODE", mode,
      "How contents take comments: open, premoderated, first-comment or locked",
      one_of({"open", "premoderated", "first-comment", "locked"}));
  add(app, "reports-max", "NUMBER", service.reports_max,
      "Reports after which a comment is pending again; 0: never", whole(0, 1'000'000));
  add(app, "network-votes-max", "NUMBER", service.network_votes_max,
      "Clients of one IPv6 /48 that may vote for a comment; 0: any number", whole(0, 1'000'000));
  add(app, "network-reports-max", "NUMBER", service.network_reports_max,
      "Clients of one IPv6 /48 that may report a comment; 0: any number", whole(0, 1'000'000));
  add(app, "decisions-max", "NUMBER", service.decisions_max,
      "Comments that a moderator may decide about in one request", whole(1, 1000));
  add(app, "origin-days", "DAYS", plain.origin_days,
      "How long hashes of network addresses are kept", whole(1, 3650));
}

void add_rules(CLI::App& app, options& chosen, plain_numbers& plain) {
  add(app, "guard", "GUARD", chosen.guard,
      "standard: the rates and rules below stand as they are; off: those that you do not set are "
      "off",
      one_of({"standard", "off"}));
  add(app, "links-max", "NUMBER", plain.links_max,
      "Links in a comment; one with more waits for a moderator; -1: any number", whole(-1, 10'000));
  add(app, "newcomer-links-max", "NUMBER", plain.newcomer_links_max,
      "Links in a comment of an author whom nobody knows; -1: any number", whole(-1, 10'000));
  add(app, "blocked-words", "FILE", chosen.files.blocked_words,
      "Words and phrases, one a line; a comment with one waits for a moderator", {});
  add(app, "repeat-window", "SECONDS", plain.repeat_window,
      "How long an author's repeated text is refused; 0: not at all", whole(0, 31'536'000));
  add(app, "typing-time", "SECONDS", plain.typing_time,
      "A comment that is written faster is spam; if you set it, one without a form's time waits; "
      "0: off",
      whole(0, 3600));
}

void add_clients(CLI::App& app, options& chosen, std::string& proxies, std::string& prefix,
                 std::string& origins) {
  using namespace comments;
  http::rate_options& rates = chosen.rates;
  const auto a_minute = whole(0, rate_limiter::rate_max);
  add(app, "read-rate", "NUMBER", rates.reads.per_minute,
      "Reading requests of a client in a minute; 0: any number", a_minute);
  add(app, "write-rate", "NUMBER", rates.writes.per_minute,
      "Writing requests of a client in a minute; 0: any number", a_minute);
  add(app, "post-rate", "NUMBER", rates.posts.per_minute,
      "New comments of a client in a minute; 0: as --write-rate", a_minute);
  add(app, "content-rate", "NUMBER", rates.content_writes.per_minute,
      "Comments on a content in a minute; 0: any number", a_minute);
  add(app, "token-rate", "NUMBER", rates.failed_tokens.per_minute,
      "Wrong tokens of a client in a minute; 0: any number", a_minute);
  add(app, "network-clients", "NUMBER", rates.network_clients,
      "An IPv6 /48 gets these rates so many times, however many clients it has", whole(1, 65'536));
  add(app, "trusted-proxies", "NETWORKS", proxies,
      "Proxies whose X-Forwarded-For is believed: 10.0.0.0/8, ::1/128 …",
      read_into(rates.trusted_proxies, http::parse_networks));
  add(app, "path-prefix", "PATH", prefix,
      "Path below which a proxy shows the server, / for none; without it, proxies say it",
      read_into(chosen.path_prefix, read_prefix));
  add(app, "origins", "ORIGINS", origins,
      "Sites whose pages may use the API: https://example.com … or * to read",
      read_into(chosen.cors.origins, http::parse_origins));
  add(app, "moderator-token", "SECRET", chosen.secrets.moderator_token,
      "Token that makes a client a moderator; without it, no token does", {});
  add(app, "moderator-token-file", "FILE", chosen.files.moderator_token, "File with that token",
      {});
  add(app, "deploy-token", "SECRET", chosen.secrets.deploy_token,
      "Token with which a pipeline records deployments", {});
  add(app, "deploy-token-file", "FILE", chosen.files.deploy_token, "File with that token", {});
  add(app, "sso-secret", "SECRET", chosen.secrets.site.secret,
      "Secret of the tokens that sign the host site's users in (JWT, HS256)", {});
  add(app, "sso-secret-file", "FILE", chosen.files.sso_secret, "File with that secret", {});
  add(app, "sso-issuer", "TEXT", chosen.secrets.site.issuer, "What `iss` in those tokens must be",
      {});
  add(app, "sso-audience", "TEXT", chosen.secrets.site.audience,
      "What `aud` in those tokens must contain", {});
}

// Adds what keeps the file of --store, and gets it back.
void add_keeping(CLI::App& app, options& chosen) {
  CLI::App& backup = *app.add_subcommand(
      "backup", "Copies the database of --store to FILE; servers may use it meanwhile");
  backup.fallthrough()->callback([&] { chosen.action = options::back_up; });
  CLI::App& restore = *app.add_subcommand(
      "restore", "Puts a copy of FILE in the place of --store, and keeps what was there");
  restore.fallthrough()->callback([&] { chosen.action = options::restore; });
  for (CLI::App* each : {&backup, &restore})
    each->add_option("FILE", chosen.file, "A file of SQLite")->required()->type_name("");
}

// Adds what the program can do instead of serving.
void add_actions(CLI::App& app, options& chosen) {
  app.add_flag_callback(
      "--check", [&] { chosen.action = options::check; },
      "Asks the server at --listen whether it is ready; exits with 0 if so, else with 1");
  app.require_subcommand(0, 1);
  CLI::App& migrate =
      *app.add_subcommand("migrate", "Brings the schema of --store up to date and exits");
  migrate.fallthrough()->callback([&] { chosen.action = options::migrate; });
  migrate.add_flag(
      "--new-epoch", chosen.is_epoch_new,
      "Says that the store was restored by hand, so that no reader trusts what it kept");
  CLI::App& copy = *app.add_subcommand("copy", "Copies everything from one store to another");
  copy.callback([&] { chosen.action = options::copy; });
  const CLI::Validator is_kept{
      [](const std::string& text) {
        return text == "memory:" ? "must be a store that outlives the program" : check_store(text);
      },
      ""};
  add(copy, "from", "STORE", chosen.from, "The store to read; no server may use it meanwhile",
      is_kept);
  add(copy, "to", "STORE", chosen.to, "An empty store, or an unfinished copy", is_kept);
  for (const char* name : {"--from", "--to"}) copy.get_option(name)->required();
  add_keeping(app, chosen);
}

// Divides the memory: pages have a quarter of it at most, unless both were chosen.
std::string divide_memory(options& chosen, bool is_cache_chosen) {
  constexpr std::size_t least = 16'777'216;
  if (chosen.memory_bytes == 0) {
    chosen.memory_bytes = default_memory(granted_memory("/"));
    if (is_cache_chosen)
      chosen.memory_bytes = std::max(chosen.memory_bytes, 2 * chosen.cache_bytes);
  }
  if (chosen.memory_bytes < least) return "--memory-bytes: must be 0, or 16777216 or more";
  if (!is_cache_chosen) chosen.cache_bytes = std::min(chosen.cache_bytes, chosen.memory_bytes / 4);
  if (chosen.cache_bytes > chosen.memory_bytes / 2)
    return "--cache-bytes: must be at most half of --memory-bytes";
  return {};
}

bool is_set(const CLI::App& app, const std::string& option) {
  return app.get_option("--" + option)->count() > 0;
}

// Takes back those of the guard's rates that the owner does not want. Whoever limits clients in
// their own way limits all of them, and counts new comments as other writes.
void settle_rates(const CLI::App& app, options& chosen) {
  comments::http::rate_options& rates = chosen.rates;
  const bool is_off = chosen.guard == "off", are_writes_set = is_set(app, "write-rate");
  if (is_off && !are_writes_set) rates.writes = {};
  if ((is_off || are_writes_set) && !is_set(app, "post-rate")) rates.posts = {};
  if (is_off && !is_set(app, "content-rate")) rates.content_writes = {};
  const auto is_given = [&](const char* option) { return is_set(app, option); };
  constexpr const char* of_clients[] = {"read-rate", "write-rate", "post-rate"};
  rates.spares_unheard_proxies = std::ranges::none_of(of_clients, is_given);
}

// Adds the rules that the owner set, or in a milder form those of the guard.
void settle_rules(const CLI::App& app, const options& chosen, const plain_numbers& plain,
                  std::vector<comments::rule>& all) {
  using namespace comments;
  const bool is_off = chosen.guard == "off";
  const std::chrono::seconds window{plain.repeat_window}, least{plain.typing_time};
  const auto links_max = static_cast<std::size_t>(plain.newcomer_links_max);
  all.push_back(rules::honeypot());
  if (plain.links_max >= 0) all.push_back(rules::links(static_cast<std::size_t>(plain.links_max)));
  const auto add = [&](const char* option, bool is_on, const auto& set, const auto& mild) {
    if (!is_on) return;
    if (is_set(app, option))
      all.push_back(set());
    else if (!is_off)
      all.push_back(mild());
  };
  add(
      "newcomer-links-max", plain.newcomer_links_max >= 0,
      [&] { return rules::newcomer_links(links_max); },
      [&] { return guard::newcomer_links(links_max); });
  add(
      "repeat-window", plain.repeat_window > 0,
      [&] { return rules::repeated_text({.window = window}); },
      [&] { return guard::repeated_text(window); });
  add(
      "typing-time", plain.typing_time > 0, [&] { return rules::typing_time({.least = least}); },
      [&] { return guard::typing_time_of_forms(least); });
}

// Puts the options that were read as text or plain numbers where they belong.
void settle(const CLI::App& app, options& chosen, const std::string& mode,
            const plain_numbers& plain) {
  using namespace comments;
  chosen.drain_delay = std::chrono::seconds{plain.drain_delay};
  chosen.store_wait = std::chrono::milliseconds{plain.store_wait};
  chosen.store_idle = std::chrono::seconds{plain.store_idle};
  service_options& service = chosen.service;
  service.edit_window = std::chrono::seconds{plain.edit_window};
  service.origins_kept = std::chrono::hours{24 * plain.origin_days};
  service.mode = comments::parse<content_status>(mode).value_or(content_status::open);
  settle_rates(app, chosen);
  settle_rules(app, chosen, plain, service.rules);
}

// Returns an option that was given together with the file that it may come from, or nothing.
std::string find_doubled(const CLI::App& app) {
  for (const std::string name : {"--moderator-token", "--deploy-token", "--sso-secret"})
    if (app.count(name) > 0 && app.count(name + "-file") > 0)
      return name + "-file: " + name + " is given, too";
  return {};
}

// Reads the files that the options name. Returns a fault, or nothing.
std::string read_held(options& chosen) {
  chosen.files.shown = to_plain_reader(to_renderer(chosen.markup));
  auto read = read_files(chosen.files, chosen.secrets);
  if (!read) return read.error().message;
  chosen.readable = std::move(read->readable);
  chosen.held = std::make_shared<file_settings>(std::move(*read));
  if (chosen.files.blocked_words.empty()) return {};
  chosen.service.rules.push_back([held = chosen.held](const auto& said, const auto& how) {
    return (*held->blocked_words.get())(said, how);
  });
  return {};
}

}  // namespace

comments::renderer to_renderer(const std::string& markup) {
  return markup == "markdown" ? comments::markdown::make_renderer() : comments::renderer{};
}

bool is_postgres(const std::string& store) {
  if (store.starts_with("postgresql://") || store.starts_with("postgres://")) return true;
  return !store.starts_with("sqlite:") && store.find('=') != std::string::npos;
}

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
  std::string mode{"open"}, socket_mode{"660"}, proxies, prefix, origins;
  plain_numbers plain{chosen};

  CLI::App app{"Serves comments over HTTP: /api/v1 and the two endpoints of the legacy API."};
  app.name("comments-server");
  app.set_version_flag("--version", version_line());
  add_serving(app, chosen, listen, socket_mode, plain);
  add_comments(app, chosen, mode, plain);
  add_rules(app, chosen, plain);
  add_clients(app, chosen, proxies, prefix, origins);
  add_actions(app, chosen);

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& done) {  // --help, --version
    answer.exit_code = app.exit(done);
    return answer;
  } catch (const CLI::ExtrasError&) {
    answer.exit_code = fail(2, to_unknown(app.remaining(true)));
    return answer;
  } catch (const CLI::ParseError& mistake) {
    answer.exit_code = fail(2, to_line(mistake.what(), argc, argv));
    return answer;
  }
  read_address(listen, chosen);
  settle(app, chosen, mode, plain);
  std::string wrong = divide_memory(chosen, is_set(app, "cache-bytes"));
  if (wrong.empty()) wrong = find_doubled(app);
  if (wrong.empty()) wrong = read_held(chosen);
  if (!wrong.empty()) answer.exit_code = fail(2, to_line(wrong, argc, argv));
  return answer;
}

}  // namespace server
