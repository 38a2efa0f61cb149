#pragma once
// store/forwarding.hpp - a store that passes every call on to another one.
//
// Derive from it and override the functions that are to differ: to count, to cache, to refuse, or
// to fail on purpose. `known_content` is not passed on, so that an overridden `contents` is not
// passed by: a store that leaves contents as they are may override it to pass that on, too.
//
//   struct counting_store final : forwarding_store {
//     using forwarding_store::forwarding_store;
//     result<post_result> insert(const insertion& wanted, instant now) override {
//       ++inserts;
//       return inner().insert(wanted, now);
//     }
//     std::atomic<int> inserts{};
//   };
//   counting_store counting{store};
//   service api{counting};

#include <comments/config.hpp>
#include <comments/store.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace comments::inline v0 {

// The inner store must outlive it. It cannot be copied; made of another forwarding store, it
// forwards to that one.
class forwarding_store : public store {
 public:
  explicit forwarding_store(store& inner) : inner_{inner} {}
  forwarding_store(const forwarding_store&) = delete;
  forwarding_store& operator=(const forwarding_store&) = delete;

  COMMENTS_INLINE result<post_result> insert(const insertion& wanted, instant now) override;
  COMMENTS_INLINE result<comment> amend(const comment_id& id, const decider& decide,
                                        instant now) override;
  COMMENTS_INLINE result<comment> vote(const comment_id& id, const voter& by, bool is_there,
                                       instant now) override;
  COMMENTS_INLINE result<comment> report(const comment_id& id, const voter& by,
                                         const std::string& reason, instant now) override;
  COMMENTS_INLINE result<content> set_status(const std::string& content_id,
                                             std::optional<content_status> status,
                                             std::optional<std::int64_t> expected,
                                             const event& cause, instant now) override;
  COMMENTS_INLINE result<std::size_t> forget_origins(instant before, std::size_t limit) override;
  COMMENTS_INLINE result<bool> lease_chores(std::chrono::milliseconds lasts) override;
  COMMENTS_INLINE result<done> forget_reporter(const std::string& reporter) override;
  COMMENTS_INLINE result<comment> find(const comment_id& id) const override;
  COMMENTS_INLINE result<page> list(const query& query) const override;
  COMMENTS_INLINE result<std::vector<content>> contents(
      std::span<const std::string> ids) const override;
  COMMENTS_INLINE result<std::vector<event>> events(std::string_view content_id, std::int64_t after,
                                                    std::size_t limit) const override;
  COMMENTS_INLINE result<std::vector<event>> history(const comment_id& id, std::int64_t after,
                                                     std::size_t limit) const override;
  COMMENTS_INLINE result<decision_page> decisions(const decision_query& wanted) const override;
  COMMENTS_INLINE result<std::vector<comments::report>> reports_of(
      const comment_id& id, std::size_t limit) const override;
  COMMENTS_INLINE result<search_result> find_all(const search& wanted) const override;
  COMMENTS_INLINE result<std::vector<comments::vote>> votes_of(const std::string& voter,
                                                               std::optional<comment_id> after,
                                                               std::size_t limit) const override;
  COMMENTS_INLINE result<std::vector<made_report>> reports_by(const std::string& reporter,
                                                              std::optional<comment_id> after,
                                                              std::size_t limit) const override;
  COMMENTS_INLINE std::string_view signing_key() const override;
  COMMENTS_INLINE std::uint64_t epoch() const override;
  COMMENTS_INLINE bool is_writable() const override;
  COMMENTS_INLINE store_activity activity() const override;
  COMMENTS_INLINE void recover() override;
  COMMENTS_INLINE instant shared_time(instant own) const override;
  COMMENTS_INLINE bool is_remote() const override;
  COMMENTS_INLINE std::unique_ptr<change_listener> listen(change_callbacks to) override;

 protected:
  store& inner() { return inner_; }
  const store& inner() const { return inner_; }

 private:
  store& inner_;
};

}  // namespace comments::inline v0

#ifndef COMMENTS_COMPILED
#include <comments/store/forwarding.ipp>
#endif
