#pragma once
// deployments/status.hpp - the data of a status page: what runs, how it is, the latest deployments.
//
// Everything is decided here, but there is no HTML and there are no words of a language: the
// function that a program gives as `route_options::status_page` turns this into a page.
//
//   service_status seen{.component = "shop", .version = "1.2"};
//   seen.latest = to_status_rows(log.deployments({})->items, now);

#include <comments/clock.hpp>
#include <comments/config.hpp>
#include <comments/deployments/deployment.hpp>

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace comments::inline v0 {

enum class service_health {
  working,
  read_only,   // the store takes no writes now
  store_away,  // the store's database does not answer
  draining,    // the service is shutting down
};

constexpr std::array<std::string_view, 4> names_of(service_health) {
  return {"working", "read_only", "store_away", "draining"};
}

// A deployment's step, and how long it took.
struct status_row {
  deployment step{};
  std::optional<std::chrono::milliseconds> took{};  // none where it cannot be known
  bool is_under_way{};  // the step has not ended yet: `took` is the time until now
};

struct service_status {
  std::string component{};  // of the program that answers; so are the next three
  std::string version{};
  std::string commit{};      // empty: not known
  std::string build_date{};  // empty: not known
  service_health health{};
  bool is_log_readable{true};        // false: `latest` is empty because the log cannot be read
  std::vector<status_row> latest{};  // the latest first
  instant now{};                     // when all this was so
  // A proxy that says for whom it asks, and is not heard (http/proxies.hpp); no header: none.
  std::string unheard_header{};
  std::string unheard_address{};  // empty: not known
  bool is_unheard_trusted{};
};

// Returns the rows of `steps`, which are in the order of the log, the latest first. A step took
// until the next step of the same run and component. The last step of a run takes until `now`,
// unless it is final. A step without a run has no `took`, nor one after which the clock was set
// back.
std::vector<status_row> to_status_rows(std::vector<deployment> steps, instant now);

// Returns a span in at most two units, the smaller one rounded down: "340 ms", "4.2 s",
// "2 min 5 s", "3 h 20 min", "2 d 4 h". `span` is not negative.
std::string to_words(std::chrono::milliseconds span);

}  // namespace comments::inline v0

#ifndef COMMENTS_COMPILED
#include <comments/deployments/status.ipp>
#endif
