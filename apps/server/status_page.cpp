#include "status_page.hpp"

#include "template.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace server {

using namespace comments;

namespace {

std::string to_time(instant at) {
  const std::string exact = to_rfc3339(at);
  return exact.substr(0, 10) + " " + exact.substr(11, 8);
}

// The key of the sentence about a service that is not well; empty if it is.
std::string_view trouble_of(service_health health) {
  switch (health) {
    case service_health::working: return {};
    case service_health::read_only: return "readOnly";
    case service_health::store_away: return "storeAway";
    case service_health::draining: return "draining";
  }
  return {};
}

// A step that is under way says for how long.
std::string to_span(const status_row& row, const language& words) {
  if (!row.took) return {};
  const std::string span = to_words(*row.took);
  return row.is_under_way ? words.say("soFar", {{"span", span}}) : span;
}

values describe(const status_row& row, const language& words) {
  const deployment& step = row.step;
  const std::string status{to_text(step.status)};
  values shown;
  shown.set_text("step_component", step.component);
  shown.set_text("step_version", step.version);
  shown.set_text("status", status);
  shown.set_text("status_word", words.word("deployment_" + status));
  shown.set_text("responsible", step.responsible);
  shown.set_text("exact_date", to_rfc3339(step.date));
  shown.set_text("date", to_time(step.date));
  shown.set_text("took", to_span(row, words));
  return shown;
}

// The sentences about a proxy that is not heard; empty if there is none.
std::string trouble_with_proxy(const service_status& status, const language& words) {
  if (status.unheard_header.empty()) return {};
  const std::string_view address =
      status.unheard_address.empty() ? words.word("itsAddress") : status.unheard_address;
  return words.say(status.is_unheard_trusted ? "unreadProxy" : "untrustedProxy",
                   {{"header", status.unheard_header}, {"address", address}});
}

// Returns what is known about the program that answers, each fact with its name.
std::vector<values> facts_of(const service_status& status, const language& words) {
  std::vector<values> facts;
  for (const auto& [key, fact] :
       {std::pair{"component", &status.component}, std::pair{"version", &status.version},
        std::pair{"commit", &status.commit}, std::pair{"built", &status.build_date}}) {
    values& shown = facts.emplace_back();
    shown.set_text("name", words.word(key));
    shown.set_text("fact", *fact);
  }
  return facts;
}

}  // namespace

std::string to_html(const service_status& status, const language& words) {
  const std::string_view trouble = trouble_of(status.health);
  values shown;
  shown.set_text("component", status.component);
  shown.set_flag("is_working", trouble.empty());
  shown.set_text("trouble", words.word(trouble));
  shown.set_text("proxy_trouble", trouble_with_proxy(status, words));
  shown.set_list("facts", facts_of(status, words));
  shown.set_text("exact_now", to_rfc3339(status.now));
  shown.set_text("now", to_time(status.now));
  shown.set_flag("is_unreadable", !status.is_log_readable);
  shown.set_flag("is_empty", status.is_log_readable && status.latest.empty());
  shown.set_flag("has_rows", status.is_log_readable && !status.latest.empty());
  std::vector<values> rows;
  for (const status_row& row : status.latest) rows.push_back(describe(row, words));
  shown.set_list("rows", rows);
  return render("status.html", shown, words).text();
}

http::response make_status_page(const service_status& shown, const http::request& asked) {
  return {.headers = {{"Content-Type", "text/html; charset=utf-8"},
                      {"Cache-Control", "no-store"},
                      {"Vary", "Accept-Language"},
                      {"Content-Security-Policy", std::string{status_policy}},
                      {"Referrer-Policy", "no-referrer"}},
          .body = to_html(shown, language_for(asked))};
}

}  // namespace server
