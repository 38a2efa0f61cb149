// main.cpp - puts the server together, serves until a signal, and drains. `serve` owns all parts.

#include "api.hpp"
#include "copy.hpp"
#include "hourly.hpp"
#include "listener.hpp"
#include "log.hpp"
#include "memory.hpp"
#include "options.hpp"
#include "stores.hpp"
#include "supervisor.hpp"

#include <comments/comments.hpp>

#include <httplib.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <ctime>
#include <memory>
#include <string>
#include <thread>

namespace {

using namespace comments;

// `--check`: returns 0 if the server at that address says that it is ready, else 1.
int check(const server::options& at) {
  std::string host = at.host;
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "::") host = "::1";
  const bool has_path = !at.path.empty();
  httplib::Client client{has_path ? at.path : host, has_path ? 80 : at.port};
  if (has_path) client.set_address_family(AF_UNIX);
  client.set_connection_timeout(2);
  client.set_read_timeout(2);
  const auto answer = client.Get("/readyz", {{"Host", "localhost"}});
  if (answer && answer->status == 200) return 0;
  return server::fail(1, (has_path ? "unix:" + at.path : server::to_address(host, at.port)) +
                             (answer ? " answers, but is not ready" : " does not answer"));
}

// Blocks the signals that end the server, so that `wait_for_stop` gets them. Must run before any
// thread is started.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int each : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, each);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);  // a log whose reader is gone ends nothing
  return signals;
}

void warn_of_secrets(const server::options& chosen, const std::vector<std::string>& readable,
                     server::log& log) {
  for (const std::string_view name : auth::weak_secrets(*chosen.held->secrets.get()))
    log.warn("weak_secret", {{"option", std::string{name}}});
  for (const std::string& name : readable) log.warn("readable_secret", {{"option", name}});
}

// Reads again what stands in files. If there is a fault in one of them, nothing changes.
void reread(const server::options& chosen, server::log& log) {
  server::notify_supervisor("RELOADING=1");
  auto read = server::read_files(chosen.files, chosen.secrets);
  server::notify_supervisor("READY=1");
  if (!read) return log.error("not_reread", {{"reason", read.error().message}});
  chosen.held->secrets.set(std::move(read->secrets));
  chosen.held->blocked_words.set(std::move(read->blocked_words));
  log.info("reread");
  warn_of_secrets(chosen, read->readable, log);
}

// Waits for SIGTERM or SIGINT, and reads files again at each SIGHUP. After SIGTERM the server goes
// on for the drain's delay, so that load balancers see /readyz change first; another signal, or
// SIGINT at once, ends that.
void wait_for_stop(sigset_t signals, service& service, server::listener& listener,
                   server::hourly& chores, const server::options& chosen, server::log& log) {
  int signal = 0;
  while (sigwait(&signals, &signal) == 0 && signal == SIGHUP)
    if (!guarded([&] { reread(chosen, log); })) log.error("not_reread", {{"reason", "no memory"}});
  sigdelset(&signals, SIGHUP);
  server::notify_supervisor("STOPPING=1");
  log.info("draining", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
  service.drain();
  listener.drain();
  chores.stop();
  const timespec wait{static_cast<std::time_t>(chosen.drain_delay.count()), 0};
  if (signal == SIGTERM) sigtimedwait(&signals, nullptr, &wait);
}

int serve(const server::options& chosen) {
  const sigset_t signals = block_signals();
  server::limit_free_memory();
  server::log log{chosen.log_level, chosen.log_format};
  server::listener listener{chosen};
  const auto passed = server::passed_socket();
  if (!passed) return server::fail(2, "LISTEN_FDS: " + passed.error().message);
  const auto address = listener.bind(*passed);
  if (!address) return server::fail(2, address.error().message);
  const std::string where = server::describe_store(chosen.store);
  auto store = server::open_store(chosen, log);
  if (!store) return server::fail(2, "--store " + where + ": " + store.error().message);
  service service{*store->comments, chosen.service};
  server::watch_memory(service.metrics(), chosen.memory_bytes);
  const http::handler api = server::make_api(service, *store->deployments, chosen, log);
  log.info("listening", {{"address", *address},
                         {"store", where},
                         {"connections_max", std::to_string(listener.connections_max())},
                         {"version", std::string{library_version}},
                         {"commit", COMMENTS_COMMIT}});
  warn_of_secrets(chosen, chosen.readable, log);
  server::hourly chores{[&](const auto& is_over) {
    if (const auto done = service.forget_origins(is_over); !done)
      log.error("origins_kept", {{"reason", done.error().message}});
  }};
  server::give_back_memory();
  server::notify_supervisor("READY=1");
  std::atomic<bool> is_stopping{}, is_broken{};
  std::thread serving{[&] {
    is_broken = !listener.run(api, service.metrics());
    if (!is_stopping) ::kill(::getpid(), SIGTERM);  // wakes `wait_for_stop`
  }};
  wait_for_stop(signals, service, listener, chores, chosen, log);
  is_stopping = true;
  service.news().close();  // streams end with a whole event
  listener.stop();
  serving.join();
  log.info("stopped");
  return is_broken ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  const server::parsed parsed = server::parse(argc, argv);
  if (parsed.exit_code) return *parsed.exit_code;
  switch (parsed.chosen.action) {
    case server::options::serve: return serve(parsed.chosen);
    case server::options::check: return check(parsed.chosen);
    case server::options::migrate: return server::migrate(parsed.chosen);
    case server::options::copy: return server::copy(parsed.chosen);
    case server::options::back_up: return server::back_up(parsed.chosen);
    case server::options::restore: return server::restore(parsed.chosen);
  }
}
