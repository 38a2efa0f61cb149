#pragma once
// http/epoll/held_memory.ipp - definitions of http/epoll/held_memory.hpp.

#include <comments/http/epoll/held_memory.hpp>

#include <algorithm>
#include <utility>

namespace comments::inline v0::http::epoll {

namespace detail {

inline constexpr std::string_view held_name = "comments_http_held_bytes";
inline constexpr std::string_view held_help = "Memory that is held for clients.";

inline void add_difference(gauge& to, std::size_t before, std::size_t now) {
  if (now != before) to.add(static_cast<std::int64_t>(now) - static_cast<std::int64_t>(before));
}

// How much it matters that this one gives way.
inline double weight_of(const holder& one, std::chrono::steady_clock::time_point now) {
  const std::chrono::duration<double> stuck = now - one.moved_at;
  return static_cast<double>(one.share->bytes) * static_cast<double>(one.bytes.total()) *
         (stuck.count() + 0.001);
}

}  // namespace detail

COMMENTS_INLINE held_memory::held_memory(const epoll_limits& limits, registry& metrics)
    : limits_{limits},
      received_{metrics.gauge_of(detail::held_name, detail::held_help, R"(share="received")")},
      unsent_{metrics.gauge_of(detail::held_name, detail::held_help, R"(share="unsent")")},
      followed_{metrics.gauge_of(detail::held_name, detail::held_help, R"(share="followed")")},
      cut_total_{metrics.counter_of("comments_http_cut_total",
                                    "Connections closed because they held too much memory.")} {}

COMMENTS_INLINE void held_memory::update(holder& of, const held_bytes& now, bool is_lent) {
  const mutex_lock lock{mutex_};
  const bool is_listed = now.total() > 0 && !is_lent;
  if (is_listed)
    list(of);
  else
    unlist(of);
  note(of, now);
  if (is_lent != of.is_lent) lent_ += is_lent ? now.total() : 0 - now.total();
  of.is_lent = is_lent;
  const std::size_t max = limits_.held_bytes_max;
  const std::size_t client_max = limits_.client_held_bytes_max;
  if (total_ > max) cut(total_ - max, max / 8, nullptr);
  const std::size_t own = of.share->bytes;
  if (own > client_max) cut(own - client_max, client_max / 8, of.share);
}

COMMENTS_INLINE bool held_memory::has_room_for(std::size_t more) const {
  const mutex_lock lock{mutex_};
  return lent_ + more <= limits_.held_bytes_max / 2;
}

COMMENTS_INLINE void held_memory::forget(holder& of) {
  const mutex_lock lock{mutex_};
  unlist(of);
  if (std::exchange(of.is_lent, false)) lent_ -= of.bytes.total();
  note(of, {});
}

COMMENTS_INLINE std::size_t held_memory::total() const {
  const mutex_lock lock{mutex_};
  return total_;
}

// Moving means to hold less; what a client sends moves nothing, however slowly it comes.
COMMENTS_INLINE void held_memory::note(holder& of, const held_bytes& now) {
  const std::size_t before = of.bytes.total();
  const std::size_t after = now.total();
  if (after < before || before == 0) of.moved_at = clock::now();
  detail::add_difference(received_, of.bytes.received, now.received);
  detail::add_difference(unsent_, of.bytes.unsent, now.unsent);
  detail::add_difference(followed_, of.bytes.followed, now.followed);
  total_ += after - before;  // unsigned: it may wrap on the way
  of.share->bytes += after - before;
  if (of.is_lent) lent_ += after - before;
  of.bytes = now;
}

COMMENTS_INLINE void held_memory::list(holder& of) {
  if (of.is_listed) return;
  holders_.push_back(&of);
  of.place = holders_.size() - 1;
  of.is_listed = true;
}

// Puts the last one in its place.
COMMENTS_INLINE void held_memory::unlist(holder& of) {
  if (!of.is_listed) return;
  holders_[of.place] = holders_.back();
  holders_[of.place]->place = of.place;
  holders_.pop_back();
  of.is_listed = false;
}

// Has connections give way that hold at least `excess` bytes together, or all that can: of one
// client, or of all. Small ones go for the `reserve`, too, so that this is not done for each byte.
COMMENTS_INLINE void held_memory::cut(std::size_t excess, std::size_t reserve,
                                      const client_share* of) {
  std::vector<std::pair<double, holder*>> ranked;
  ranked.reserve(holders_.size());
  const auto now = clock::now();
  for (holder* each : holders_)
    if (!of || each->share == of) ranked.emplace_back(detail::weight_of(*each, now), each);
  std::ranges::make_heap(ranked);
  for (std::size_t freed = 0; !ranked.empty(); ranked.pop_back()) {
    std::ranges::pop_heap(ranked);
    holder& chosen = *ranked.back().second;
    if (freed >= excess && freed + chosen.bytes.total() > excess + reserve) return;
    freed += chosen.bytes.total();
    unlist(chosen);
    note(chosen, {});
    cut_total_.add();
    chosen.box->post_cut(chosen.handle);
  }
}

}  // namespace comments::inline v0::http::epoll
