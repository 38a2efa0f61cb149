#pragma once
// http/sse.hpp - the format of server-sent events (HTML Standard, section 9.2).
//
// A stream of events is one long response. Each event has an id, and a browser that connects again
// sends the last one that it got in Last-Event-ID. What an event is about is the caller's; a
// content's events are in api/live_events.hpp.
//
//   using namespace comments;
//   std::string text;
//   http::append_event(text, "17", "posted", R"({"version":17})");
//   const http::response answer = http::event_stream(
//       std::chrono::seconds{2}, [text](const std::function<void()>&) -> http::chunk {
//         return {.bytes = text, .then = http::chunk::state::over};
//       });

#include <comments/config.hpp>
#include <comments/http/message.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace comments::inline v0::http {

// A comment, which browsers ignore. It shows proxies that the connection is alive.
inline constexpr std::string_view event_heartbeat = ": heartbeat\n\n";

// Appends an event. `id`, `name` and `data` have no line break.
void append_event(std::string& to, std::string_view id, std::string_view name,
                  std::string_view data);

// Returns the response that `events` follow. A browser whose connection breaks waits for `retry`
// before it connects again.
response event_stream(std::chrono::milliseconds retry, stream events);

}  // namespace comments::inline v0::http

#ifndef COMMENTS_COMPILED
#include <comments/http/sse.ipp>
#endif
