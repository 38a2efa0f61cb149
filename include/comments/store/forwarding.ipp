#pragma once
// store/forwarding.ipp - definitions of store/forwarding.hpp.

#include <comments/store/forwarding.hpp>

#include <utility>

namespace comments::inline v0 {

COMMENTS_INLINE result<post_result> forwarding_store::insert(const insertion& wanted, instant now) {
  return inner_.insert(wanted, now);
}
COMMENTS_INLINE result<comment> forwarding_store::amend(const comment_id& id, const decider& decide,
                                                        instant now) {
  return inner_.amend(id, decide, now);
}
COMMENTS_INLINE result<comment> forwarding_store::vote(const comment_id& id, const voter& by,
                                                       bool is_there, instant now) {
  return inner_.vote(id, by, is_there, now);
}
COMMENTS_INLINE result<comment> forwarding_store::report(const comment_id& id, const voter& by,
                                                         const std::string& reason, instant now) {
  return inner_.report(id, by, reason, now);
}
COMMENTS_INLINE result<content> forwarding_store::set_status(const std::string& content_id,
                                                             std::optional<content_status> status,
                                                             std::optional<std::int64_t> expected,
                                                             const event& cause, instant now) {
  return inner_.set_status(content_id, status, expected, cause, now);
}
COMMENTS_INLINE result<std::size_t> forwarding_store::forget_origins(instant before,
                                                                     std::size_t limit) {
  return inner_.forget_origins(before, limit);
}
COMMENTS_INLINE result<bool> forwarding_store::lease_chores(std::chrono::milliseconds lasts) {
  return inner_.lease_chores(lasts);
}
COMMENTS_INLINE result<done> forwarding_store::forget_reporter(const std::string& reporter) {
  return inner_.forget_reporter(reporter);
}
COMMENTS_INLINE result<comment> forwarding_store::find(const comment_id& id) const {
  return inner_.find(id);
}
COMMENTS_INLINE result<page> forwarding_store::list(const query& query) const {
  return inner_.list(query);
}
COMMENTS_INLINE result<std::vector<content>> forwarding_store::contents(
    std::span<const std::string> ids) const {
  return inner_.contents(ids);
}
COMMENTS_INLINE result<std::vector<event>> forwarding_store::events(std::string_view content_id,
                                                                    std::int64_t after,
                                                                    std::size_t limit) const {
  return inner_.events(content_id, after, limit);
}
COMMENTS_INLINE result<std::vector<event>> forwarding_store::history(const comment_id& id,
                                                                     std::int64_t after,
                                                                     std::size_t limit) const {
  return inner_.history(id, after, limit);
}
COMMENTS_INLINE result<decision_page> forwarding_store::decisions(
    const decision_query& wanted) const {
  return inner_.decisions(wanted);
}
COMMENTS_INLINE result<std::vector<comments::report>> forwarding_store::reports_of(
    const comment_id& id, std::size_t limit) const {
  return inner_.reports_of(id, limit);
}
COMMENTS_INLINE result<search_result> forwarding_store::find_all(const search& wanted) const {
  return inner_.find_all(wanted);
}
COMMENTS_INLINE result<std::vector<made_report>> forwarding_store::reports_by(
    const std::string& reporter, std::optional<comment_id> after, std::size_t limit) const {
  return inner_.reports_by(reporter, after, limit);
}

COMMENTS_INLINE result<std::vector<comments::vote>> forwarding_store::votes_of(
    const std::string& voter, std::optional<comment_id> after, std::size_t limit) const {
  return inner_.votes_of(voter, after, limit);
}
COMMENTS_INLINE std::string_view forwarding_store::signing_key() const {
  return inner_.signing_key();
}
COMMENTS_INLINE std::uint64_t forwarding_store::epoch() const { return inner_.epoch(); }

COMMENTS_INLINE bool forwarding_store::is_writable() const { return inner_.is_writable(); }
COMMENTS_INLINE store_activity forwarding_store::activity() const { return inner_.activity(); }
COMMENTS_INLINE void forwarding_store::recover() { inner_.recover(); }
COMMENTS_INLINE instant forwarding_store::shared_time(instant own) const {
  return inner_.shared_time(own);
}
COMMENTS_INLINE bool forwarding_store::is_remote() const { return inner_.is_remote(); }
COMMENTS_INLINE std::unique_ptr<change_listener> forwarding_store::listen(change_callbacks to) {
  return inner_.listen(std::move(to));
}

}  // namespace comments::inline v0
