#pragma once
// deployments/routes.hpp - the register of deployments: the pipeline writes it, everybody may
// read it, as JSON, as a spreadsheet, and as the status page.
//
//   table.add("POST /api/v1/deployments", [&](request asked) { return kept.record(asked); });

#include <comments/api/context.hpp>
#include <comments/deployments/csv.hpp>
#include <comments/deployments/service.hpp>
#include <comments/deployments/status.hpp>
#include <comments/http/middleware.hpp>
#include <comments/http/negotiation.hpp>
#include <comments/json/decode.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments::http {

class deployment_routes final {
 public:
  static constexpr std::size_t body_bytes_max = 16'384;
  static constexpr std::size_t shown_max = 50;  // deployments on the status page

  deployment_routes(const context& shared, deployment_log& log)
      : shared_{shared}, kept_{log, shared.service().options().clock} {}

  // POST /api/v1/deployments
  response record(request asked) const {
    if (auto refused = refuse_media(asked)) return std::move(*refused);
    if (asked.body.size() > body_bytes_max) return problem(body_too_large(body_bytes_max), asked);
    const auto who = shared_.identify(asked);
    if (!who) return problem(who.error(), asked);
    if (auto allowed = deployment_service::need_pipeline(*who); !allowed)
      return problem(allowed.error(), asked);
    auto said = json::decode_deployment(asked.body, shared_.limits(), kept_.limits());
    if (!said) return problem(said.error(), asked);
    const auto recorded = kept_.record(std::move(*said), *who);
    if (!recorded) return problem(recorded.error(), asked);
    response answer = answer_with(json::encode(recorded->stored));
    answer.status = 201;
    if (recorded->replayed) answer.headers.emplace_back("Idempotency-Replayed", "true");
    return answer;
  }

  // GET /api/v1/deployments
  response list(request asked) const {
    const auto is_sheet = wants_sheet(asked);
    if (!is_sheet) return problem(is_sheet.error(), asked);
    const auto wanted = read_query(asked, *is_sheet);
    if (!wanted) return problem(wanted.error(), asked);
    response answer = *is_sheet ? answer_sheet(*wanted, asked) : answer_page(*wanted, asked);
    answer.headers.emplace_back("Vary", "Accept");
    return answer;
  }

  // GET /status, if there is a function that makes the page
  response status(request asked) const {
    service& behind = shared_.service();
    const build_info& build = shared_.options().build;
    service_status shown{.component = build.component,
                         .version = build.version,
                         .commit = build.commit,
                         .build_date = build.build_date,
                         .now = shared_.now()};
    if (!behind.is_writable()) shown.health = service_health::read_only;
    if (behind.is_draining()) shown.health = service_health::draining;
    auto latest = kept_.list({.limit = shown_max});
    shown.is_log_readable = latest.has_value();
    if (latest) shown.latest = to_status_rows(std::move(latest->items), shown.now);
    return shared_.options().status_page(shown, asked);
  }

 private:
  // The parameter decides; without it the header does, where it prefers one form.
  static result<bool> wants_sheet(const request& asked) {
    if (const auto format = find_field(asked.query, "format")) {
      if (*format == "csv" || *format == "json") return *format == "csv";
      return to_error({{"format", "unknown"}});
    }
    const std::string_view accept = find_header(asked.headers, "Accept").value_or("");
    return weight_of(accept, "text/csv") > weight_of(accept, "application/json");
  }

  static std::string cursor_purpose(const deployment_query& wanted) {
    return "cursor deployments " + wanted.component;
  }

  // A spreadsheet is whole, however long, unless it is told to be shorter.
  result<deployment_query> read_query(const request& asked, bool is_sheet) const {
    deployment_query wanted{.component =
                                std::string{find_field(asked.query, "component").value_or("")}};
    std::vector<violation> found;
    check_line(found, "component", wanted.component, kept_.limits().component_bytes_max);
    const std::size_t most =
        is_sheet ? std::numeric_limits<std::size_t>::max() : deployment_service::page_max;
    if (is_sheet) wanted.limit = most;
    if (const auto text = find_field(asked.query, "limit")) {
      const auto number = parse_number<std::size_t>(*text);
      if (!number) found.push_back({"limit", "format"});
      if (number && (*number < 1 || *number > most)) found.push_back({"limit", "out_of_range"});
      wanted.limit = number.value_or(wanted.limit);
    }
    if (!found.empty()) return to_error(std::move(found));
    if (const auto text = find_field(asked.query, "cursor")) {
      const auto payload = shared_.sign().verify(cursor_purpose(wanted), *text);
      if (payload) wanted.before = parse_number<std::int64_t>(*payload);
      if (!wanted.before) return bad_cursor();
    }
    return wanted;
  }

  response answer_page(const deployment_query& wanted, const request& asked) const {
    const auto page = kept_.list(wanted);
    if (!page) return problem(page.error(), asked);
    std::string next;
    if (page->next)
      next = shared_.sign().token(cursor_purpose(wanted), std::to_string(*page->next));
    return answer_with(json::encode_items(
        page->items, next, [](std::string& to, const deployment& one) { json::append(to, one); }));
  }

  // The first page as the body, the others as a stream.
  response answer_sheet(const deployment_query& wanted, const request& asked) const {
    const auto sheet = std::make_shared<deployment_sheet>(kept_, wanted, wanted.limit);
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

  const context& shared_;
  mutable deployment_service kept_;
};

}  // namespace comments::http
