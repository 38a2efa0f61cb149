#pragma once
// api/service_routes.hpp - the routes about the service itself: probes, version, metrics, counts.
//
//   const http::context shared{service, http::route_options{}};
//   const http::service_routes about{shared};
//   const http::response answer = about.readiness({.target = "/readyz"});  // 200 or 503

#include <comments/api/context.hpp>
#include <comments/config.hpp>
#include <comments/http/message.hpp>

namespace comments::inline v0::http {

// Safe to use from any thread. The context outlives it.
class service_routes final {
 public:
  explicit service_routes(const context& shared) : shared_{shared} {}

  // GET /healthz: 200, always
  response health(request asked) const;
  // GET /readyz: 503 while the service shuts down and while its store takes no writes
  response readiness(request asked) const;
  // GET /version
  response version(request asked) const;
  // GET /metrics, as Prometheus reads it
  response metrics(request asked) const;
  // GET /api/v1/counts
  response count(request asked) const;

 private:
  const context& shared_;
};

}  // namespace comments::inline v0::http

#ifndef COMMENTS_COMPILED
#include <comments/api/service_routes.ipp>
#endif
