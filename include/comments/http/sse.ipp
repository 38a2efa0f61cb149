#pragma once
// http/sse.ipp - definitions of http/sse.hpp.

#include <comments/http/sse.hpp>

#include <cassert>
#include <utility>

namespace comments::inline v0::http {

COMMENTS_INLINE void append_event(std::string& to, std::string_view id, std::string_view name,
                                  std::string_view data) {
  assert(id.find_first_of("\r\n") == id.npos);
  assert(name.find_first_of("\r\n") == name.npos && data.find_first_of("\r\n") == data.npos);
  to.append("id: ").append(id);
  to.append("\nevent: ").append(name);
  to.append("\ndata: ").append(data).append("\n\n");
}

COMMENTS_INLINE response event_stream(std::chrono::milliseconds retry, stream events) {
  return {.headers = {{"Content-Type", "text/event-stream"},
                      {"Cache-Control", "no-store"},
                      {"X-Accel-Buffering", "no"}},  // nginx would wait for more to send
          .body = "retry: " + std::to_string(retry.count()) + "\n\n",
          .rest = std::move(events)};
}

}  // namespace comments::inline v0::http
