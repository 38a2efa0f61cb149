#pragma once
// deployments/routes.ipp - definitions of deployments/routes.hpp.

#include <comments/deployments/routes.hpp>

#include <comments/api/responses.hpp>
#include <comments/deployments/csv.hpp>
#include <comments/deployments/status.hpp>
#include <comments/http/middleware.hpp>
#include <comments/http/negotiation.hpp>
#include <comments/http/problem.hpp>
#include <comments/json/decode.hpp>
#include <comments/json/encode.hpp>

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments::inline v0::http {

namespace detail {

// Returns whether the response is a spreadsheet: as the parameter `format` says, else by Accept, if
// that prefers it to JSON.
inline result<bool> wants_sheet(const request& asked) {
  if (const auto format = find_field(asked.query, "format")) {
    if (*format == "csv" || *format == "json") return *format == "csv";
    return to_error({{"format", "unknown"}});
  }
  const std::string_view accept = find_header(asked.headers, "Accept").value_or("");
  return weight_of(accept, "text/csv") > weight_of(accept, "application/json");
}

// A cursor is good only for the list that it came from.
inline std::string purpose_of_cursor(const deployment_query& query) {
  return "cursor deployments " + query.component;
}

}  // namespace detail

COMMENTS_INLINE deployment_routes::deployment_routes(const context& shared, deployment_log& log)
    : shared_{shared}, deployments_{log, shared.service().options().clock} {}

COMMENTS_INLINE response deployment_routes::record(request asked) const {
  if (auto refused = refuse_media(asked)) return std::move(*refused);
  if (asked.body.size() > body_bytes_max) return problem(body_too_large(body_bytes_max), asked);
  const auto caller = shared_.identify(asked);
  if (!caller) return problem(caller.error(), asked);
  if (auto allowed = deployment_service::need_pipeline(*caller); !allowed)
    return problem(allowed.error(), asked);
  auto step = json::decode_deployment(asked.body, shared_.limits(), deployments_.limits());
  if (!step) return problem(step.error(), asked);
  const auto recorded = deployments_.record(std::move(*step), *caller);
  if (!recorded) return problem(recorded.error(), asked);
  response answer = json_response(json::encode(recorded->stored));
  answer.status = 201;
  if (recorded->replayed) answer.headers.emplace_back("Idempotency-Replayed", "true");
  return answer;
}

COMMENTS_INLINE response deployment_routes::list(request asked) const {
  const auto is_sheet = detail::wants_sheet(asked);
  if (!is_sheet) return problem(is_sheet.error(), asked);
  const auto query = read_query(asked, *is_sheet);
  if (!query) return problem(query.error(), asked);
  response answer = *is_sheet ? sheet_response(*query, asked) : page_response(*query, asked);
  answer.headers.emplace_back("Vary", "Accept");
  return answer;
}

COMMENTS_INLINE response deployment_routes::status(request asked) const {
  service& behind = shared_.service();
  const build_info& build = shared_.options().build;
  service_status shown{.component = build.component,
                       .version = build.version,
                       .commit = build.commit,
                       .build_date = build.build_date,
                       .now = shared_.now()};
  behind.probe_store();
  auto latest = deployments_.list({.limit = shown_max});
  if (!behind.is_writable()) shown.health = service_health::read_only;
  if (behind.is_store_away()) shown.health = service_health::store_away;
  if (behind.is_draining()) shown.health = service_health::draining;
  shown.is_log_readable = latest.has_value();
  if (latest) shown.latest = to_status_rows(std::move(latest->items), shown.now);
  if (const auto unheard = shared_.proxies()->found()) {
    shown.unheard_header = unheard->header;
    shown.unheard_address = unheard->address;
    shown.is_unheard_trusted = unheard->is_trusted;
  }
  return shared_.options().status_page(shown, asked);
}

// A spreadsheet without the parameter `limit` is whole, however long.
COMMENTS_INLINE result<deployment_query> deployment_routes::read_query(const request& asked,
                                                                       bool is_sheet) const {
  deployment_query query{.component =
                             std::string{find_field(asked.query, "component").value_or("")}};
  std::vector<violation> found;
  check_line(found, "component", query.component, deployments_.limits().component_bytes_max);
  const std::size_t most =
      is_sheet ? std::numeric_limits<std::size_t>::max() : deployment_service::page_max;
  if (is_sheet) query.limit = most;
  if (const auto text = find_field(asked.query, "limit")) {
    const auto number = parse_number<std::size_t>(*text);
    if (!number) found.push_back({"limit", "format"});
    if (number && (*number < 1 || *number > most)) found.push_back({"limit", "out_of_range"});
    query.limit = number.value_or(query.limit);
  }
  if (!found.empty()) return to_error(std::move(found));
  if (const auto text = find_field(asked.query, "cursor")) {
    const auto position = shared_.sign().verify(detail::purpose_of_cursor(query), *text);
    if (position) query.before = parse_number<std::int64_t>(*position);
    if (!query.before) return bad_cursor();
  }
  return query;
}

COMMENTS_INLINE response deployment_routes::page_response(const deployment_query& query,
                                                          const request& asked) const {
  const auto page = deployments_.list(query);
  if (!page) return problem(page.error(), asked);
  std::string next;
  if (page->next)
    next = shared_.sign().token(detail::purpose_of_cursor(query), std::to_string(*page->next));
  const auto append = [](std::string& to, const deployment& step) { json::append(to, step); };
  return json_response(json::encode_items(page->items, next, append));
}

// The first rows are the body; the others follow as a stream.
COMMENTS_INLINE response deployment_routes::sheet_response(const deployment_query& query,
                                                           const request& asked) const {
  const auto sheet = std::make_shared<deployment_csv>(deployments_, query, query.limit);
  chunk first = sheet->next();
  if (first.then == chunk::state::broken) return problem(sheet->why(), asked);
  response answer{.headers = {{"Content-Type", "text/csv; charset=utf-8; header=present"},
                              {"Content-Disposition", "attachment; filename=\"deployments.csv\""},
                              {"Cache-Control", "no-store"}},
                  .body = std::move(first.bytes)};
  if (first.then != chunk::state::over)
    answer.rest = [sheet](const auto&) { return sheet->next(); };
  return answer;
}

}  // namespace comments::inline v0::http
