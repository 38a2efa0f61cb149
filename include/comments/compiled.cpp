// compiled.cpp - the definitions of the library, for a program that compiles them once.
//
// Compile this file with COMMENTS_COMPILED defined, as all that includes the headers, and with
// COMMENTS_WITH_<part> for each part that the program uses: JSON, HTTP (needs JSON), HTTPLIB (needs
// HTTP), SQLITE, POSTGRES, RULES, MARKDOWN, FEED (needs HTTP). The core comes by itself. A build
// that makes one library of each part compiles this file once for each: once with nothing more, for
// the core, and else with COMMENTS_WITHOUT_CORE.

#ifndef COMMENTS_COMPILED
#error "compile compiled.cpp, and all that includes the library, with COMMENTS_COMPILED defined"
#endif

// The files of each part, bottom up, as in meson.build.

#ifndef COMMENTS_WITHOUT_CORE
#include <comments/background.ipp>
#include <comments/broadcast.ipp>
#include <comments/characters.ipp>
#include <comments/clock.ipp>
#include <comments/comment.ipp>
#include <comments/deployments/status.ipp>
#include <comments/epoch.ipp>
#include <comments/erasure.ipp>
#include <comments/id.ipp>
#include <comments/metrics.ipp>
#include <comments/moderation.ipp>
#include <comments/permissions.ipp>
#include <comments/posting.ipp>
#include <comments/principal.ipp>
#include <comments/rate_limit.ipp>
#include <comments/renderer.ipp>
#include <comments/review.ipp>
#include <comments/service.ipp>
#include <comments/spoofing.ipp>
#include <comments/store.ipp>
#include <comments/store/activity.ipp>
#include <comments/store/algorithms.ipp>
#include <comments/store/copy.ipp>
#include <comments/store/forwarding.ipp>
#include <comments/store/list_order.ipp>
#include <comments/store/memory.ipp>
#include <comments/store/sql_schema.ipp>
#include <comments/text.ipp>
#include <comments/validation.ipp>
#endif

#ifdef COMMENTS_WITH_RULES
#endif

#ifdef COMMENTS_WITH_SQLITE
#include <comments/store/sqlite.ipp>
#include <comments/store/sqlite/backup.ipp>
#include <comments/store/sqlite/check.ipp>
#include <comments/store/sqlite/connection.ipp>
#include <comments/store/sqlite/copy.ipp>
#include <comments/store/sqlite/database_file.ipp>
#include <comments/store/sqlite/deployments.ipp>
#include <comments/store/sqlite/health.ipp>
#include <comments/store/sqlite/log_file.ipp>
#include <comments/store/sqlite/pool.ipp>
#include <comments/store/sqlite/rows.ipp>
#include <comments/store/sqlite/schema.ipp>
#include <comments/store/sqlite/search.ipp>
#include <comments/store/sqlite/updates.ipp>
#include <comments/store/sqlite/watch.ipp>
#include <comments/store/sqlite/wiping_vfs.ipp>
#include <comments/store/sqlite/writer.ipp>
#endif

#ifdef COMMENTS_WITH_POSTGRES
#include <comments/store/postgres.ipp>
#include <comments/store/postgres/bulk.ipp>
#include <comments/store/postgres/connect.ipp>
#include <comments/store/postgres/connection.ipp>
#include <comments/store/postgres/copy.ipp>
#include <comments/store/postgres/deployments.ipp>
#include <comments/store/postgres/epoch.ipp>
#include <comments/store/postgres/executor.ipp>
#include <comments/store/postgres/insert.ipp>
#include <comments/store/postgres/insert_lanes.ipp>
#include <comments/store/postgres/lease.ipp>
#include <comments/store/postgres/notifications.ipp>
#include <comments/store/postgres/pool.ipp>
#include <comments/store/postgres/rows.ipp>
#include <comments/store/postgres/schema.ipp>
#include <comments/store/postgres/search.ipp>
#include <comments/store/postgres/shared_clock.ipp>
#include <comments/store/postgres/transaction.ipp>
#include <comments/store/postgres/updates.ipp>
#include <comments/store/postgres/values.ipp>
#endif

#ifdef COMMENTS_WITH_JSON
#include <comments/json/answer.ipp>
#include <comments/json/decode.ipp>
#include <comments/json/encode.ipp>
#include <comments/json/record.ipp>
#endif

#ifdef COMMENTS_WITH_MARKDOWN
#include <comments/markdown/addresses.ipp>
#include <comments/markdown/bounds.ipp>
#include <comments/markdown/cmark.ipp>
#include <comments/markdown/hints.ipp>
#endif

// Signatures and tokens (auth/), the routes (http/, api/) and those of deployments.
#ifdef COMMENTS_WITH_HTTP
#include <comments/api/account_routes.ipp>
#include <comments/api/client.ipp>
#include <comments/api/comment_routes.ipp>
#include <comments/api/context.ipp>
#include <comments/api/event_routes.ipp>
#include <comments/api/legacy_list.ipp>
#include <comments/api/list_routes.ipp>
#include <comments/api/live_events.ipp>
#include <comments/api/moderation_routes.ipp>
#include <comments/api/person_export.ipp>
#include <comments/api/responses.ipp>
#include <comments/api/routes.ipp>
#include <comments/api/service_routes.ipp>
#include <comments/auth/bearer.ipp>
#include <comments/auth/hmac.ipp>
#include <comments/auth/jwt.ipp>
#include <comments/auth/signer.ipp>
#include <comments/deployments/csv.ipp>
#include <comments/deployments/routes.ipp>
#include <comments/http/client_address.ipp>
#include <comments/http/cors.ipp>
#include <comments/http/gzip.ipp>
#include <comments/http/message.ipp>
#include <comments/http/middleware.ipp>
#include <comments/http/negotiation.ipp>
#include <comments/http/problem.ipp>
#include <comments/http/proxies.ipp>
#include <comments/http/pump.ipp>
#include <comments/http/rate_limits.ipp>
#include <comments/http/router.ipp>
#include <comments/http/sse.ipp>
#endif

#ifdef COMMENTS_WITH_FEED
#include <comments/feed/atom.ipp>
#include <comments/feed/document.ipp>
#include <comments/feed/json_feed.ipp>
#include <comments/feed/routes.ipp>
#endif

// cpp-httplib's adapters, and the server that waits by epoll.
#ifdef COMMENTS_WITH_HTTPLIB
#include <comments/http/httplib.ipp>
#include <comments/http/httplib/request.ipp>
#include <comments/http/httplib/response.ipp>
#include <comments/http/httplib_in_memory.ipp>
#ifdef __linux__
#include <comments/http/epoll/acceptor.ipp>
#include <comments/http/epoll/client_shares.ipp>
#include <comments/http/epoll/connection.ipp>
#include <comments/http/epoll/event_loop.ipp>
#include <comments/http/epoll/framing.ipp>
#include <comments/http/epoll/held_memory.ipp>
#include <comments/http/epoll/late_answer.ipp>
#include <comments/http/epoll/listening.ipp>
#include <comments/http/epoll/sockets.ipp>
#include <comments/http/epoll/worker_pool.ipp>
#include <comments/http/epoll_server.ipp>
#endif
#endif
