#pragma once
// store.ipp - definitions of store.hpp.

#include <comments/store.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace comments::inline v0 {

COMMENTS_INLINE std::pair<std::int64_t, std::int64_t> rank(sort sort, const cursor& place) {
  if (sort == sort::newest) return {0, -place.position};
  return {sort == sort::top ? -place.votes : 0, place.position};
}
COMMENTS_INLINE std::pair<std::int64_t, std::int64_t> rank(sort sort, const comment& listed) {
  return rank(sort, cursor{listed.position, listed.votes});
}

COMMENTS_INLINE bool insert_own(page& to, const query& wanted, comment item) {
  const auto place = [&](const auto& of) { return rank(wanted.sort, of); };
  if (wanted.after && place(item) <= place(*wanted.after)) return false;
  if (to.next && place(*to.next) < place(item)) return false;
  const auto at =
      std::lower_bound(to.items.begin(), to.items.end(), place(item),
                       [&](const comment& one, const auto& rank) { return place(one) < rank; });
  const bool is_there = at != to.items.end() && at->id == item.id;  // as a tombstone
  if (is_there)
    *at = std::move(item);
  else
    to.items.insert(at, std::move(item));
  return true;
}

COMMENTS_INLINE bool count_own_reply(page& to, const comment& reply) {
  const auto above = std::find_if(to.items.begin(), to.items.end(),
                                  [&](const comment& item) { return reply.parent == item.id; });
  if (above == to.items.end() || is_listed(reply)) return false;
  ++above->replies;
  return true;
}

COMMENTS_INLINE error unavailable() { return {errc::unavailable, "The store cannot do this now."}; }
COMMENTS_INLINE error in_doubt() {
  return {errc::in_doubt, "It is unknown whether this took effect, or will."};
}
COMMENTS_INLINE error comment_not_found() { return {errc::not_found, "There is no such comment."}; }
COMMENTS_INLINE error parent_not_found() {
  return {errc::not_found, "The comment to reply to is not there.", {{"/parent_id", "not_found"}}};
}
COMMENTS_INLINE error version_moved() {
  return {errc::version_mismatch, "It has changed since the version that was expected."};
}
COMMENTS_INLINE error too_often(const quota& left) {
  return {errc::rate_limited,
          "Too much is written in a short time.",
          {},
          static_cast<int>(left.next.count())};
}
COMMENTS_INLINE error key_reused() {
  return {errc::key_reused, "This key came with another draft before.", {{"key", "reused"}}};
}

COMMENTS_INLINE error network_used_up() {
  return {errc::conflict, "Enough readers of this network have said that."};
}

}  // namespace comments::inline v0
