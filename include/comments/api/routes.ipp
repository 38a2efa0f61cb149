#pragma once
// api/routes.ipp - definitions of api/routes.hpp.

#include <comments/api/routes.hpp>

#include <comments/api/account_routes.hpp>
#include <comments/api/comment_routes.hpp>
#include <comments/api/context.hpp>
#include <comments/api/event_routes.hpp>
#include <comments/api/list_routes.hpp>
#include <comments/api/moderation_routes.hpp>
#include <comments/api/service_routes.hpp>
#include <comments/deployments/routes.hpp>
#include <comments/http/cors.hpp>
#include <comments/http/gzip.hpp>
#include <comments/http/middleware.hpp>
#include <comments/http/proxies.hpp>
#include <comments/http/rate_limits.hpp>
#include <comments/http/router.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace comments::inline v0::http {

namespace detail {

// The objects that the handlers of all routes share.
class api final {
 public:
  api(service& service, route_options options) : shared{service, std::move(options)} {
    deployment_log* log = shared.options().deployments;
    if (log) deployments.emplace(shared, *log);
  }

  const context shared;
  const list_routes lists{shared};
  const comment_routes comments{shared};
  const moderation_routes moderation{shared};
  const account_routes account{shared};
  const event_routes events{shared};
  const service_routes about{shared};
  std::optional<deployment_routes> deployments{};
};

// Adds routes whose handlers keep the api alive.
class route_adder final {
 public:
  route_adder(router& table, std::shared_ptr<const api> all)
      : table_{table}, all_{std::move(all)} {}

  // The route `pattern` calls `answer` of `group`, which is a part of the api.
  template <typename Group>
  void add(std::string_view pattern, const Group& group, response (Group::*answer)(request) const,
           bool is_ready = false) {
    table_.add(
        pattern,
        [all = all_, &group, answer](request&& asked) { return (group.*answer)(std::move(asked)); },
        is_ready);
  }
  void add(const more_route& route) {
    if (!route.make) return;
    table_.add(
        route.pattern,
        [all = all_, answers = route.make(all_->shared)](request&& asked) {
          asked.on_ready = nullptr;  // the program's routes need not know of late responses
          return answers(std::move(asked));
        },
        route.is_ready);
  }

 private:
  router& table_;
  const std::shared_ptr<const api> all_;
};

inline void add_comments(route_adder& to, const api& all) {
  to.add("POST /api/comment/new", all.comments, &comment_routes::post_legacy);
  constexpr bool is_ready = true;  // as far as it stands in memory
  to.add("GET /api/comment/list/{content_id}", all.lists, &list_routes::list_legacy, is_ready);
  to.add("GET /api/v1/comments", all.lists, &list_routes::list, is_ready);
  to.add("POST /api/v1/comments", all.comments, &comment_routes::post);
  to.add("GET /api/v1/comments/{id}", all.comments, &comment_routes::find);
  to.add("PATCH /api/v1/comments/{id}", all.comments, &comment_routes::edit);
  to.add("DELETE /api/v1/comments/{id}", all.comments, &comment_routes::remove);
  to.add("PUT /api/v1/comments/{id}/vote", all.comments, &comment_routes::vote);
  to.add("DELETE /api/v1/comments/{id}/vote", all.comments, &comment_routes::withdraw_vote);
  to.add("POST /api/v1/comments/{id}/reports", all.comments, &comment_routes::report);
  to.add("GET /api/v1/comments/{id}/history", all.moderation, &moderation_routes::history);
  to.add("GET /api/v1/events", all.events, &event_routes::follow);
  to.add("GET /api/v1/form", all.comments, &comment_routes::form);
  to.add("POST /api/v1/previews", all.comments, &comment_routes::preview);
  to.add("GET /api/v1/counts", all.about, &service_routes::count);
  to.add("GET /api/v1/contents", all.moderation, &moderation_routes::find_content);
  to.add("PATCH /api/v1/contents", all.moderation, &moderation_routes::change_content);
  to.add("GET /api/v1/contents/{content_id}", all.moderation, &moderation_routes::find_content);
  to.add("PATCH /api/v1/contents/{content_id}", all.moderation, &moderation_routes::change_content);
  to.add("GET /api/v1/moderation/queue", all.moderation, &moderation_routes::queue);
  to.add("GET /api/v1/moderation/notices", all.moderation, &moderation_routes::notices);
  to.add("GET /api/v1/moderation/actions", all.moderation, &moderation_routes::actions);
  to.add("POST /api/v1/moderation/actions", all.moderation, &moderation_routes::decide);
  to.add("GET /api/v1/me/export", all.account, &account_routes::export_all);
  to.add("DELETE /api/v1/me", all.account, &account_routes::erase);
}

inline void add_service(route_adder& to, const api& all) {
  constexpr bool is_ready = true;
  to.add("GET /healthz", all.about, &service_routes::health, is_ready);
  to.add("GET /readyz", all.about, &service_routes::readiness, is_ready);
  to.add("GET /version", all.about, &service_routes::version, is_ready);
  to.add("GET /metrics", all.about, &service_routes::metrics);
  if (!all.deployments) return;
  to.add("POST /api/v1/deployments", *all.deployments, &deployment_routes::record);
  to.add("GET /api/v1/deployments", *all.deployments, &deployment_routes::list);
  if (all.shared.options().status_page)
    to.add("GET /status", *all.deployments, &deployment_routes::status);
}

}  // namespace detail

COMMENTS_INLINE handler routes(service& service, route_options options) {
  const auto all = std::make_shared<const detail::api>(service, options);
  const auto table = std::make_shared<router>();
  detail::route_adder to{*table, all};
  detail::add_comments(to, *all);
  detail::add_service(to, *all);
  for (const more_route& route : options.more) to.add(route);

  options.cors.open_posts = {"/api/comment/new"};
  using layer = std::function<handler(handler)>;
  const std::vector<layer> outermost_first{
      [&](auto next) { return with_request_id(std::move(next), options.limits); },
      [&](auto next) { return with_guard(std::move(next)); },  // of what the layers below throw
      [&](auto next) { return with_settled_head(std::move(next)); },
      [&](auto next) { return with_observer(std::move(next), service.metrics(), options.observe); },
      [&](auto next) { return with_cors(std::move(next), options.cors); },
      [&](auto next) { return with_proxy_watch(std::move(next), all->shared.proxies()); },
      [&](auto next) { return with_rate_limits(std::move(next), all->shared.rates()); },
      [&](auto next) { return with_limits(std::move(next), options.limits); },
      [&](auto next) { return with_guard(std::move(next)); },  // so that it is observed, too
      [&](auto next) { return with_gzip(std::move(next)); },
  };
  handler inner = [table](request&& asked) { return (*table)(std::move(asked)); };
  for (auto around = outermost_first.rbegin(); around != outermost_first.rend(); ++around)
    inner = (*around)(std::move(inner));
  return inner;
}

}  // namespace comments::inline v0::http
