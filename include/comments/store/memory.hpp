#pragma once
// store/memory.hpp - a store in memory: for tests, and the reference for every other store.
//
// It keeps all promises of `store` and of `deployment_log` but durability: everything is gone when
// it is destroyed. It is one lock and a few containers, and is written to be obviously right rather
// than fast.
//
//   memory_store kept;
//   comments::service api{kept};

#include <comments/config.hpp>
#include <comments/deployments/deployment_log.hpp>
#include <comments/store.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace comments::inline v0 {

class memory_store final : public store, public deployment_log {
 public:
  // Throws as `fill_randomly` does, if there are no random bytes for the signing key and the epoch.
  memory_store();
  // The same with an epoch that the caller knows.
  explicit memory_store(std::uint64_t epoch);
  memory_store(const memory_store&) = delete;
  memory_store& operator=(const memory_store&) = delete;
  COMMENTS_INLINE ~memory_store() override;

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
  COMMENTS_INLINE result<done> forget_reporter(const std::string& reporter) override;
  COMMENTS_INLINE result<comment> find(const comment_id& id) const override;
  COMMENTS_INLINE result<page> list(const query& query) const override;
  COMMENTS_INLINE std::optional<content> known_content(std::string_view id) const override;
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

  COMMENTS_INLINE result<record_result> record(const deployment& step, instant now) override;
  COMMENTS_INLINE result<deployment_page> deployments(const deployment_query& query) const override;

 private:
  struct state;

  std::unique_ptr<state> state_;
};

}  // namespace comments::inline v0

#ifndef COMMENTS_COMPILED
#include <comments/store/memory.ipp>
#endif
