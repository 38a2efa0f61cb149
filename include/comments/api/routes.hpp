#pragma once
// api/routes.hpp - the API itself: every path, and who answers it, inside its middleware.
//
// `docs/http-api.md` is this table in words. The two paths of the original API keep its words and
// go through the same validation, moderation, limits and storage as the rest. The service outlives
// what `routes` gives.
//
//   handler api = routes(service);
//   mount(server, api);                                      // with http/httplib.hpp
//   response answer = api({.method = "GET", .target = "/healthz"});   // or without

#include <comments/api/account_routes.hpp>
#include <comments/api/comment_routes.hpp>
#include <comments/api/context.hpp>
#include <comments/api/list_routes.hpp>
#include <comments/api/live_events.hpp>
#include <comments/api/moderation_routes.hpp>
#include <comments/deployments/routes.hpp>
#include <comments/http/cors.hpp>
#include <comments/http/gzip.hpp>
#include <comments/http/message.hpp>
#include <comments/http/middleware.hpp>
#include <comments/http/rate_limits.hpp>
#include <comments/http/router.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments::http {

// What concerns no comment: counts, and how the service is.
class service_routes final {
 public:
  explicit service_routes(const context& shared) : shared_{shared} {}

  // GET /api/v1/counts
  response count(request asked) const {
    std::vector<std::string> ids;
    for (const auto& [name, value] : asked.query)
      if (name == "content_id") ids.push_back(value);
    const auto contents = shared_.service().contents(ids);
    if (!contents) return problem(contents.error(), asked);
    return answer_with(json::encode_counts(*contents));
  }

  // GET /healthz, /readyz, /version, /metrics
  response health(request) const { return answer_with(json::encode_fields({{"status", "ok"}})); }
  response readiness(request asked) const {
    if (shared_.service().is_draining())
      return problem({errc::unavailable, "The service is shutting down."}, asked);
    shared_.service().probe_store();
    if (!shared_.service().is_writable())
      return problem({errc::unavailable, "The store takes no writes now."}, asked);
    return answer_with(json::encode_fields({{"status", "ready"}}));
  }
  response version(request) const {
    const build_info& build = shared_.options().build;
    return answer_with(json::encode_fields({{"component", build.component},
                                            {"version", build.version},
                                            {"commit", build.commit},
                                            {"build_date", build.build_date}}));
  }
  response metrics(request) const {
    shared_.service().probe_store();
    return {.headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"},
                        {"Cache-Control", "no-store"}},
            .body = shared_.service().metrics().to_text()};
  }

 private:
  const context& shared_;
};

// What happens, as it happens.
class live_routes final {
 public:
  explicit live_routes(const context& shared)
      : shared_{shared},
        live_{shared.service().news(),
              [&service = shared.service()](std::string_view content_id, std::int64_t after,
                                            std::size_t limit) {
                return service.events(content_id, after, limit);
              },
              shared.service().metrics()} {}

  // GET /api/v1/events
  response follow(request asked) const {
    std::string content_id{find_field(asked.query, "content_id").value_or("")};
    const auto home = shared_.service().contents({&content_id, 1});
    if (!home) return problem(home.error(), asked);
    const auto after = parse_after(asked, home->front().version);
    if (!after) return problem(after.error(), asked);
    response answer = live_.follow(std::move(content_id), *after, asked);
    if (asked.method == "HEAD") answer.rest = {};
    return answer;
  }

 private:
  const context& shared_;
  mutable live_events live_;
};

// Everything that answers, in one place that all routes share.
class api final {
 public:
  api(service& service, route_options options) : shared{service, std::move(options)} {
    if (auto* log = shared.options().deployments) deployments.emplace(shared, *log);
  }

  const context shared;
  list_routes lists{shared};
  comment_routes one{shared};
  moderation_routes moderation{shared};
  account_routes account{shared};
  std::optional<deployment_routes> deployments{};
  live_routes live{shared};
  service_routes about{shared};
};

// The whole API, ready to be mounted: every route, inside its middleware.
inline handler routes(service& service, route_options options = {}) {
  const auto all = std::make_shared<const api>(service, options);
  auto table = std::make_shared<router>();
  const auto add = [&]<typename Group>(std::string_view pattern, const Group& group,
                                       response (Group::*answer)(request) const) {
    table->add(pattern, [all, &group, answer](request&& asked) {
      return (group.*answer)(std::move(asked));
    });
  };
  add("POST /api/comment/new", all->one, &comment_routes::post_original);
  add("GET /api/comment/list/{content_id}", all->lists, &list_routes::list_original);
  add("GET /api/v1/comments", all->lists, &list_routes::list);
  add("POST /api/v1/comments", all->one, &comment_routes::post);
  add("GET /api/v1/comments/{id}", all->one, &comment_routes::find);
  add("PATCH /api/v1/comments/{id}", all->one, &comment_routes::edit);
  add("DELETE /api/v1/comments/{id}", all->one, &comment_routes::remove);
  add("PUT /api/v1/comments/{id}/vote", all->one, &comment_routes::vote);
  add("DELETE /api/v1/comments/{id}/vote", all->one, &comment_routes::withdraw_vote);
  add("POST /api/v1/comments/{id}/reports", all->one, &comment_routes::report);
  add("GET /api/v1/comments/{id}/history", all->moderation, &moderation_routes::history);
  add("GET /api/v1/events", all->live, &live_routes::follow);
  add("GET /api/v1/form", all->one, &comment_routes::form);
  add("POST /api/v1/previews", all->one, &comment_routes::preview);
  add("GET /api/v1/counts", all->about, &service_routes::count);
  add("GET /api/v1/contents/{content_id}", all->moderation, &moderation_routes::find_content);
  add("PATCH /api/v1/contents/{content_id}", all->moderation, &moderation_routes::change_content);
  add("GET /api/v1/moderation/queue", all->moderation, &moderation_routes::queue);
  add("POST /api/v1/moderation/actions", all->moderation, &moderation_routes::decide);
  add("GET /api/v1/me/export", all->account, &account_routes::export_all);
  add("DELETE /api/v1/me", all->account, &account_routes::erase);
  if (all->deployments) {
    add("POST /api/v1/deployments", *all->deployments, &deployment_routes::record);
    add("GET /api/v1/deployments", *all->deployments, &deployment_routes::list);
    if (all->shared.options().status_page)
      add("GET /status", *all->deployments, &deployment_routes::status);
  }
  add("GET /healthz", all->about, &service_routes::health);
  add("GET /readyz", all->about, &service_routes::readiness);
  add("GET /version", all->about, &service_routes::version);
  add("GET /metrics", all->about, &service_routes::metrics);
  for (const more_route& one : all->shared.options().more)
    table->add(one.pattern, [all, answers = one.make(all->shared)](request&& asked) {
      return answers(std::move(asked));
    });
  handler inner = [table](request&& asked) { return (*table)(std::move(asked)); };
  options.cors.open_posts = {"/api/comment/new"};
  inner = with_gzip(std::move(inner));
  inner = with_guard(std::move(inner));  // what a route throws is limited, counted and logged, too
  inner = with_limits(std::move(inner), options.limits);
  inner = with_rate_limits(std::move(inner), all->shared.rates());
  inner = with_cors(std::move(inner), options.cors);
  inner = with_observer(std::move(inner), service.metrics(), options.observe);
  inner = with_guard(std::move(inner));  // what the layers above throw
  return with_request_id(std::move(inner), options.limits);
}

}  // namespace comments::http
