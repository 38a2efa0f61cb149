#pragma once
// api/live_events.ipp - definitions of api/live_events.hpp.

#include <comments/api/live_events.hpp>

#include <comments/http/problem.hpp>
#include <comments/http/sse.hpp>

#include <charconv>
#include <utility>

namespace comments::http {

COMMENTS_INLINE result<std::int64_t> parse_after(const request& asked, std::int64_t current) {
  std::string_view where = "Last-Event-ID";
  auto text = find_header(asked.headers, where);
  if (!text) {
    where = "after";
    text = find_field(asked.query, where);
  }
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

struct live_events::follower {
  std::string content_id{};
  std::int64_t after{};  // the version that it has come to
  std::unique_ptr<broadcast::subscription> news{};
  bool has_waited{};
};

COMMENTS_INLINE live_events::live_events(broadcast& news, event_reader read, registry& metrics,
                                         live_limits limits, event_encoder encode)
    : news_{news},
      read_{std::move(read)},
      encode_{std::move(encode)},
      limits_{limits},
      shared_{limits.shared_bytes, metrics, "comments_live_cache"} {}

COMMENTS_INLINE response live_events::follow(std::string content_id, std::int64_t after,
                                             const request& asked) {
  auto subscribed = news_.subscribe(content_id);
  if (!subscribed) return problem(subscribed.error(), asked);
  const auto reader =
      std::make_shared<follower>(follower{std::move(content_id), after, std::move(*subscribed)});
  return event_stream(limits_.retry,
                      [this, reader](const auto& wake) { return next(*reader, wake); });
}

// The wake-up is armed before the store is read: what is committed in between is either read, or
// wakes. A stream that is asked without a wake-up reads the store itself, because another process
// may have written, and sends a heartbeat.
COMMENTS_INLINE chunk live_events::next(follower& reader, const std::function<void()>& wake) const {
  const auto [round, was_woken] = reader.news->arm(wake);
  if (reader.news->is_closed()) return {.then = chunk::state::over};
  const bool is_beat = reader.has_waited && !was_woken;
  const auto found = is_beat ? load(reader) : read(reader, round);
  if (!found) return {.then = chunk::state::broken};
  const batch& news = **found;
  reader.after = news.last;
  reader.has_waited = !news.is_full;
  const bool is_silent = is_beat && news.text.empty();
  return {is_silent ? std::string{event_heartbeat} : news.text,
          news.is_full ? chunk::state::more : chunk::state::waiting};
}

// Many streams of a content are at the same version when the content changes, so what one of them
// reads is kept for the others of the same round. It has all that was announced by then, and what
// is announced later starts another round.
COMMENTS_INLINE result<std::shared_ptr<const live_events::batch>> live_events::read(
    const follower& reader, std::uint64_t round) const {
  const std::string name =
      std::to_string(round) + '-' + std::to_string(reader.after) + ' ' + reader.content_id;
  if (auto known = shared_.find(name, [](const batch&) { return true; })) return known;
  auto made = load(reader);
  if (made) shared_.put(name, *made, (*made)->text.size());
  return made;
}

COMMENTS_INLINE result<std::shared_ptr<const live_events::batch>> live_events::load(
    const follower& reader) const {
  const auto events = read_(reader.content_id, reader.after, limits_.batch_max);
  if (!events) return events.error();
  const auto made = std::make_shared<batch>(
      batch{.last = reader.after, .is_full = events->size() >= limits_.batch_max});
  std::string data;
  for (const event& happened : *events) {
    data.clear();
    encode_(data, happened);
    append_event(made->text, happened.version, to_text(happened.kind), data);
    made->last = happened.version;
  }
  return std::shared_ptr<const batch>{made};
}

}  // namespace comments::http
