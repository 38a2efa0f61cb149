#pragma once
// http/sse.hpp - a content's events as they happen (server-sent events, HTML Standard 9.2).
//
// Each event's id is the version that it moved the content to, so a browser that reconnects says
// with Last-Event-ID from where it goes on: nothing is missed and nothing comes twice. A stream
// holds no queue. It arms a wake-up and reads the store from where it is; who does not read is
// dropped by the adapter, and takes up there when it comes back. Without news there is a comment
// now and then, so that nobody on the way takes the connection for dead.
//
//   live_events live{news, [&](auto id, auto after, auto n) { return store.events(id, after, n); },
//                    metrics};
//   return live.follow("1", *parse_after(asked, version), asked);  // 200, and a stream

#include <comments/broadcast.hpp>
#include <comments/cache.hpp>
#include <comments/event.hpp>
#include <comments/http/message.hpp>
#include <comments/http/problem.hpp>
#include <comments/json/encode.hpp>
#include <comments/metrics.hpp>
#include <comments/result.hpp>

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments::http {

struct live_limits {
  std::size_t batch_max{64};              // events that are read and sent at once
  std::size_t shared_bytes{4'194'304};    // memory for what many readers of a content are sent
  std::chrono::milliseconds retry{2000};  // a browser waits so long before it connects again
};

// At most so many events of a content with a version over the second argument, oldest first.
using event_reader =
    std::function<result<std::vector<event>>(std::string_view, std::int64_t, std::size_t)>;
// Appends an event's JSON, without a line break in it.
using event_encoder = std::function<void(std::string&, const event&)>;

// Where a client goes on: behind the version in `Last-Event-ID`, else in the parameter `after`,
// else behind `current`, the content's version now. `invalid` for what is no whole number
// ("format") or is not reached yet ("out_of_range").
inline result<std::int64_t> parse_after(const request& asked, std::int64_t current) {
  std::string_view where = "Last-Event-ID";
  auto text = find_header(asked.headers, where);
  if (!text) text = find_field(asked.query, where = "after");
  if (!text) return current;
  const auto refuse = [&](std::string why, std::string code) {
    return error{errc::invalid, std::move(why), {{std::string{where}, std::move(code)}}};
  };
  std::int64_t version = 0;
  const char* last = text->data() + text->size();
  const auto [end, code] = std::from_chars(text->data(), last, version);
  const bool is_number = text->find_first_not_of("0123456789") == text->npos && !text->empty();
  if (!is_number) return refuse("A version is a whole number.", "format");
  if (code != std::errc{} || end != last || version > current)
    return refuse("The content has not come to that version.", "out_of_range");
  return version;
}

// Safe from any thread. Outlives its streams; `news`, what `read` needs and `metrics` outlive it.
class live_events final {
 public:
  live_events(broadcast& news, event_reader read, registry& metrics, live_limits limits = {},
              event_encoder encode = json::append_public)
      : news_{news},
        read_{std::move(read)},
        encode_{std::move(encode)},
        limits_{limits},
        shared_{limits.shared_bytes, metrics, "comments_live_cache"} {}

  // The events of `content_id` behind version `after`, to the end of the connection or of the
  // service; 503 with Retry-After if too many follow.
  response follow(std::string content_id, std::int64_t after, const request& asked) {
    auto subscribed = news_.subscribe(content_id);
    if (!subscribed) return problem(subscribed.error(), asked);
    const auto one =
        std::make_shared<follower>(follower{std::move(content_id), after, std::move(*subscribed)});
    return {.headers = {{"Content-Type", "text/event-stream"},
                        {"Cache-Control", "no-store"},
                        {"X-Accel-Buffering", "no"}},  // nginx would wait for more to send
            .body = "retry: " + std::to_string(limits_.retry.count()) + "\n\n",
            .rest = [this, one](const auto& wake) { return next(*one, wake); }};
  }

 private:
  struct follower {
    std::string content_id{};
    std::int64_t after{};  // the version that it has come to
    std::unique_ptr<broadcast::subscription> news{};
    bool has_waited{};
  };

  // Events as they go out.
  struct batch {
    std::string text{};
    std::int64_t last{};  // version
    bool is_full{};       // so there may be more
  };

  // To be woken is armed before the store is looked into: what is committed in between is seen, or
  // wakes. Whoever is asked without having been woken looks for itself, because another process may
  // have written, and says that it lives.
  chunk next(follower& one, const std::function<void()>& wake) const {
    const auto [round, was_woken] = one.news->arm(wake);
    if (one.news->is_closed()) return {.then = chunk::state::over};
    const bool is_beat = one.has_waited && !was_woken;
    const auto found = is_beat ? load(one) : read(one, round);
    if (!found) return {.then = chunk::state::broken};
    const batch& news = **found;
    one.after = news.last;
    one.has_waited = !news.is_full;
    return {is_beat && news.text.empty() ? ": heartbeat\n\n" : news.text,
            news.is_full ? chunk::state::more : chunk::state::waiting};
  }

  // Many that follow a content are at the same version when it moves, so what one of them reads is
  // kept for the others of the same round. Nothing that was announced by then is missing in it, and
  // what is announced after starts another round.
  result<std::shared_ptr<const batch>> read(const follower& one, std::uint64_t round) const {
    const std::string name =
        std::to_string(round) + '-' + std::to_string(one.after) + ' ' + one.content_id;
    if (auto known = shared_.find(name, [](const batch&) { return true; })) return known;
    auto made = load(one);
    if (made) shared_.put(name, *made, (*made)->text.size());
    return made;
  }

  result<std::shared_ptr<const batch>> load(const follower& one) const {
    const auto events = read_(one.content_id, one.after, limits_.batch_max);
    if (!events) return events.error();
    const auto made = std::make_shared<batch>(
        batch{.last = one.after, .is_full = events->size() >= limits_.batch_max});
    for (const event& each : *events) {
      made->text.append("id: ").append(std::to_string(each.version)).append("\nevent: ");
      made->text.append(to_text(each.kind)).append("\ndata: ");
      encode_(made->text, each);
      made->text += "\n\n";
      made->last = each.version;
    }
    return std::shared_ptr<const batch>{made};
  }

  broadcast& news_;
  const event_reader read_;
  const event_encoder encode_;
  const live_limits limits_;
  mutable cache<batch> shared_;
};

}  // namespace comments::http
