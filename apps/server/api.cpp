#include "api.hpp"

#include "error_page.hpp"
#include "files.hpp"
#include "status_page.hpp"
#include "thread_page.hpp"

#include <comments/api/routes.hpp>
#include <comments/feed/routes.hpp>

#include <string_view>
#include <vector>

namespace server {

using namespace comments;

namespace {

std::vector<http::more_route> more_routes() {
  std::vector<http::more_route> all{feed::route()};
  for (const auto& routes : {files(), thread_pages()})
    all.insert(all.end(), routes.begin(), routes.end());
  return all;
}

http::route_options to_route_options(const options& chosen, log& log, deployment_log& deployments) {
  return {.rates = chosen.rates,
          .cors = chosen.cors,
          .changing_secrets = {chosen.held, &chosen.held->secrets},
          .body = to_renderer(chosen.markup),
          .legacy_emails = *comments::parse<json::legacy_emails>(chosen.legacy_emails),
          .build = {.commit = COMMENTS_COMMIT, .build_date = COMMENTS_BUILD_DATE},
          .cache_bytes = chosen.cache_bytes,
          .client_followers_max = chosen.client_followers_max > 0
                                      ? chosen.client_followers_max
                                      : (chosen.service.followers.subscribers_max + 1) / 2,
          .observe = [&log](const http::exchange& seen) { log.request(seen); },
          .on_unheard_proxy =
              [&log](const http::unheard_proxy& unheard) {
                log.warn("proxy_unheard", {{"header", unheard.header},
                                           {"address", unheard.address},
                                           {"advice", http::advice_about(unheard)}});
              },
          .deployments = &deployments,
          .status_page = make_status_page,
          .more = more_routes()};
}

}  // namespace

http::handler make_api(service& service, deployment_log& deployments, const options& chosen,
                       log& log) {
  const auto renew = [sign = auth::signer{service.signing_key()},
                      clock = service.options().clock](std::string_view token) {
    return auth::renew_form_token(sign, token, clock());
  };
  return http::with_path_prefix(
      with_error_pages(http::routes(service, to_route_options(chosen, log, deployments)),
                       chosen.cors.origins, renew),
      {.fixed = chosen.path_prefix, .trusted_proxies = chosen.rates.trusted_proxies});
}

}  // namespace server
