#pragma once
// api/live_events.ipp - definitions of api/live_events.hpp.

#include <comments/api/live_events.hpp>

#include <comments/http/client_address.hpp>
#include <comments/http/problem.hpp>
#include <comments/http/sse.hpp>
#include <comments/mutex.hpp>

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

namespace comments::inline v0::http {

COMMENTS_INLINE result<stamp> parse_after(const request& asked, const stamp& current) {
  std::string_view where = "Last-Event-ID";
  auto text = find_header(asked.headers, where);
  const bool is_browser = text && !text->empty();  // an empty one names no event
  if (!is_browser) {
    where = "after";
    text = find_field(asked.query, where);
  }
  if (!text) return current;
  const auto refuse = [&](std::string why, std::string code) {
    return error{errc::invalid, std::move(why), {{std::string{where}, std::move(code)}}};
  };
  const std::string_view number = text->substr(0, text->find('-'));
  const bool is_number = !number.empty() && number.find_first_not_of("0123456789") == number.npos;
  // A page that knows no epoch may say nothing behind the hyphen.
  const std::string_view named = text->substr(std::min(text->size(), number.size() + 1));
  const auto epoch = named.empty() ? std::optional{current.epoch} : parse_epoch(named);
  if (!is_number || !epoch)
    return refuse("A version is a whole number, which an epoch may follow.", "format");
  stamp after{.epoch = *epoch};
  const char* last = number.data() + number.size();
  const bool fits = std::from_chars(number.data(), last, after.version).ec == std::errc{};
  if (after.epoch != current.epoch || (fits && after.version <= current.version)) return after;
  if (is_browser) return stamp{current.version, ~current.epoch};
  return refuse("The content has not come to that version.", "out_of_range");
}

// How many streams each client and each network has. Streams may outlive the API that made them.
struct live_events::client_counts {
  // Counts one more, unless `name` has `max` already.
  bool add(const std::string& name, std::size_t max) COMMENTS_EXCLUDES(mutex) {
    const mutex_lock lock{mutex};
    const auto [counted, is_new] = streams.try_emplace(name);
    if (counted->second < max) return ++counted->second;
    if (is_new) streams.erase(counted);
    return false;
  }
  void remove(const std::string& name) COMMENTS_EXCLUDES(mutex) {
    const mutex_lock lock{mutex};
    const auto counted = streams.find(name);
    if (--counted->second == 0) streams.erase(counted);
  }

  comments::mutex mutex{};
  std::map<std::string, std::size_t> streams COMMENTS_GUARDED_BY(mutex){};
};

// A client's place among the streams, for as long as it lives.
class live_events::seat final {
 public:
  // Returns null if the client, or its network, has as many as the limits allow.
  static std::unique_ptr<seat> take(std::shared_ptr<client_counts> counts,
                                    const std::string& client, const live_limits& limits) {
    std::unique_ptr<seat> taken{new seat{std::move(counts), client}};
    client_counts& all = *taken->counts_;
    taken->has_client_ = all.add(taken->client_, limits.client_streams_max);
    if (!taken->has_client_) return nullptr;
    if (taken->network_.empty()) return taken;
    taken->has_network_ = all.add(taken->network_, limits.network_streams_max);
    return taken->has_network_ ? std::move(taken) : nullptr;
  }
  seat(const seat&) = delete;
  seat& operator=(const seat&) = delete;
  ~seat() {
    if (has_client_) counts_->remove(client_);
    if (has_network_) counts_->remove(network_);
  }

 private:
  seat(std::shared_ptr<client_counts> counts, const std::string& client)
      : counts_{std::move(counts)}, client_{client}, network_{network_key(client)} {}

  const std::shared_ptr<client_counts> counts_;
  const std::string client_;
  const std::string network_;
  bool has_client_{};
  bool has_network_{};
};

struct live_events::follower {
  std::string content_id{};
  stamp after{};  // what it has come to
  std::unique_ptr<broadcast::subscription> news{};
  std::unique_ptr<seat> place{};
  bool has_waited{};
  std::chrono::steady_clock::time_point asked_at{};  // when it last looked
};

COMMENTS_INLINE live_events::live_events(broadcast& news, event_reader read, registry& metrics,
                                         live_limits limits, event_encoder encode,
                                         stamp_reader stands)
    : news_{news},
      read_{std::move(read)},
      encode_{std::move(encode)},
      stands_{std::move(stands)},
      limits_{limits},
      clients_{std::make_shared<client_counts>()},
      shared_{limits.cache, limits.shared_bytes, metrics, "comments_live_cache"} {}

COMMENTS_INLINE response live_events::follow(std::string content_id, const stamp& after,
                                             const request& asked) {
  auto place = seat::take(clients_, asked.client, limits_);
  if (!place)
    return problem(error{errc::unavailable, "Your address follows too much already."}, asked);
  auto subscribed = news_.subscribe(content_id);
  if (!subscribed) return problem(subscribed.error(), asked);
  const auto reader = std::make_shared<follower>(
      follower{std::move(content_id), after, std::move(*subscribed), std::move(place)});
  return event_stream(limits_.retry,
                      [this, reader](const auto& wake) { return next(*reader, wake); });
}

// The wake-up is armed before the store is read: what is committed in between is either read, or
// wakes. A stream that is asked without a wake-up reads the store itself, because another process
// may have written, and sends a heartbeat; asked too early it answers nothing.
COMMENTS_INLINE chunk live_events::next(follower& reader, const std::function<void()>& wake) const {
  const auto [round, was_woken] = reader.news->arm(wake);
  if (reader.news->is_closed()) return {.then = chunk::state::over};
  const bool is_beat = reader.has_waited && !was_woken;
  const auto now = std::chrono::steady_clock::now();
  if (is_beat && now - reader.asked_at < limits_.pause) return {.then = chunk::state::waiting};
  reader.asked_at = now;
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
      std::to_string(round) + '-' + to_string(reader.after) + ' ' + reader.content_id;
  if (auto known = shared_.find(name, [](const batch&) { return true; })) return known;
  auto made = load(reader);
  if (made) shared_.put(name, *made, (*made)->text.size());
  return made;
}

// Where the content stands is asked first, which needs no reading of events where there are none.
COMMENTS_INLINE result<std::shared_ptr<const live_events::batch>> live_events::load(
    const follower& reader) const {
  const auto made = std::make_shared<batch>(batch{.last = reader.after});
  if (stands_) {
    const auto now = stands_(reader.content_id);
    if (!now) return now.error();
    if (now->epoch != reader.after.epoch) {
      append_event(made->text, to_string(*now), "reset",
                   json::encode_reset(reader.content_id, *now));
      made->last = *now;
      return std::shared_ptr<const batch>{made};
    }
    if (now->version <= reader.after.version) return std::shared_ptr<const batch>{made};
  }
  const auto events = read_(reader.content_id, reader.after.version, limits_.batch_max);
  if (!events) return events.error();
  made->is_full = events->size() >= limits_.batch_max;
  std::string data;
  for (const event& happened : *events) {
    data.clear();
    encode_(data, happened);
    made->last.version = happened.version;
    append_event(made->text, to_string(made->last), to_text(happened.kind), data);
  }
  return std::shared_ptr<const batch>{made};
}

}  // namespace comments::inline v0::http
