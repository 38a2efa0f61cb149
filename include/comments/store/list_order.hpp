#pragma once
// store/list_order.hpp - the comments of one content in the order of each of its lists.
//
// For a store in memory: a list is walked without its hidden comments, so it costs what it shows.
//
//   const comment root{.position = 1};
//   list_order order{root};
//   order.walk({}, [](std::int64_t position) { return position < 50; });  // while it returns true

#include <comments/comment.hpp>
#include <comments/config.hpp>
#include <comments/store.hpp>
#include <comments/store/algorithms.hpp>

#include <array>
#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <utility>

namespace comments::inline v0 {

// Used by one thread at a time.
class list_order final {
  // Comments that a list does not show stand in another one, that nobody asks for: so a move needs
  // no memory.
  struct list {
    bool is_shown{};
    bool is_of_thread{};  // of what hangs below `parent`; else of the whole content
    bool is_by_votes{};
    std::optional<comment_id> parent{};  // none: the roots

    friend std::strong_ordering operator<=>(const list&, const list&) = default;
  };
  struct place {
    list in{};
    std::pair<std::int64_t, std::int64_t> rank{};  // of oldest or top

    friend std::strong_ordering operator<=>(const place&, const place&) = default;
  };

 public:
  list_order() = default;
  // The order of a single comment.
  explicit list_order(const comment& only);

  // Takes over the comments of `added`, which are of the same content, at other positions.
  void merge(list_order& added) noexcept { places_.merge(added.places_); }

  // Where a comment stands in each of its lists.
  using places = std::array<place, 4>;
  static places places_of(const comment& listed) noexcept;

  // Moves a comment that stood at `from`, because its status, votes or replies are others now.
  void move(const places& from, const comment& now) noexcept;

  // Calls `use` with the position of each comment that a query asks for, in its order, until that
  // returns false. The query's limits do not count here.
  template <typename Use>
  void walk(const query& wanted, Use&& use) const;

 private:
  std::set<place> places_{};
};

// --- definitions of templates ---

template <typename Use>
void list_order::walk(const query& wanted, Use&& use) const {
  constexpr auto least = std::numeric_limits<std::int64_t>::min();
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  place from{{.is_shown = true,
              .is_of_thread = wanted.scope != scope::all,
              .is_by_votes = wanted.sort == sort::top,
              .parent = {}}};
  if (wanted.scope == scope::replies) from.in.parent = wanted.parent;
  if (wanted.sort == sort::newest) {
    from.rank = {0, wanted.after ? wanted.after->position : most};
    auto at = places_.lower_bound(from);
    while (at != places_.begin() && (--at)->in == from.in && use(at->rank.second)) {
    }
    return;
  }
  from.rank = wanted.after ? rank(wanted.sort, *wanted.after) : std::pair{least, least};
  for (auto at = places_.upper_bound(from); at != places_.end() && at->in == from.in; ++at)
    if (!use(at->rank.second)) return;
}

}  // namespace comments::inline v0

#ifndef COMMENTS_COMPILED
#include <comments/store/list_order.ipp>
#endif
