#pragma once
// support/faulty_store.hpp - a store that breaks once: at its n-th call, for an n of your choice.
//
// Run a scenario for n = 1, 2, 3 … until a run passes without the fault; after each, the store
// inside must be in order. With n = 0 it never breaks and only counts. `signing_key` never fails,
// so it is not counted. Safe to call from any thread.
//
//   for (std::size_t n = 1;; ++n) {
//     memory_store kept;
//     faulty_store store{kept, n};
//     run_scenario(store);
//     check_order(kept);
//     if (!store.has_failed()) break;
//   }

#include <comments/store/forwarding.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// How the call breaks. `refused`: it did nothing. `answer_lost`: it did all, and only the answer
// got lost, as when a connection drops, so that a write is `in_doubt`.
enum class fault { refused, answer_lost };

// Whether what uses the store may end with that error when a call breaks like this.
inline bool may_cause(fault how, comments::errc code) {
  const bool is_in_doubt = how == fault::answer_lost && code == comments::errc::in_doubt;
  return is_in_doubt || code == comments::errc::unavailable;
}

class faulty_store final : public comments::forwarding_store {
 public:
  explicit faulty_store(comments::store& inner, std::size_t fails_at = 0,
                        fault how = fault::refused)
      : forwarding_store{inner}, fails_at_{fails_at}, how_{how} {}

  std::size_t calls() const { return calls_; }
  bool has_failed() const { return fails_at_ != 0 && calls_ >= fails_at_; }

  comments::result<comments::post_result> insert(const comments::insertion& wanted,
                                                 comments::instant now) override {
    return break_or([&] { return inner().insert(wanted, now); });
  }
  comments::result<comments::comment> amend(const comments::comment_id& id,
                                            const comments::decider& decide,
                                            comments::instant now) override {
    return break_or([&] { return inner().amend(id, decide, now); });
  }
  comments::result<comments::comment> vote(const comments::comment_id& id,
                                           const comments::voter& by, bool is_there,
                                           comments::instant now) override {
    return break_or([&] { return inner().vote(id, by, is_there, now); });
  }
  comments::result<comments::comment> report(const comments::comment_id& id,
                                             const comments::voter& by, const std::string& reason,
                                             comments::instant now) override {
    return break_or([&] { return inner().report(id, by, reason, now); });
  }
  comments::result<comments::content> set_status(const std::string& content_id,
                                                 std::optional<comments::content_status> status,
                                                 std::optional<std::int64_t> expected,
                                                 const comments::event& cause,
                                                 comments::instant now) override {
    return break_or([&] { return inner().set_status(content_id, status, expected, cause, now); });
  }
  comments::result<bool> lease_chores(std::chrono::milliseconds lasts) override {
    return break_or([&] { return inner().lease_chores(lasts); });
  }
  comments::result<std::size_t> forget_origins(comments::instant before,
                                               std::size_t limit) override {
    return break_or([&] { return inner().forget_origins(before, limit); });
  }
  comments::result<comments::done> forget_reporter(const std::string& reporter) override {
    return break_or([&] { return inner().forget_reporter(reporter); });
  }
  comments::result<comments::comment> find(const comments::comment_id& id) const override {
    return break_or([&] { return inner().find(id); });
  }
  comments::result<comments::page> list(const comments::query& query) const override {
    return break_or([&] { return inner().list(query); });
  }
  comments::result<std::vector<comments::content>> contents(
      std::span<const std::string> ids) const override {
    return break_or([&] { return inner().contents(ids); });
  }
  comments::result<std::vector<comments::event>> events(std::string_view content_id,
                                                        std::int64_t after,
                                                        std::size_t limit) const override {
    return break_or([&] { return inner().events(content_id, after, limit); });
  }
  comments::result<std::vector<comments::event>> history(const comments::comment_id& id,
                                                         std::int64_t after,
                                                         std::size_t limit) const override {
    return break_or([&] { return inner().history(id, after, limit); });
  }
  comments::result<comments::decision_page> decisions(
      const comments::decision_query& wanted) const override {
    return break_or([&] { return inner().decisions(wanted); });
  }
  comments::result<std::vector<comments::report>> reports_of(const comments::comment_id& id,
                                                             std::size_t limit) const override {
    return break_or([&] { return inner().reports_of(id, limit); });
  }
  comments::result<comments::search_result> find_all(
      const comments::search& wanted) const override {
    return break_or([&] { return inner().find_all(wanted); });
  }
  comments::result<std::vector<comments::vote>> votes_of(const std::string& voter,
                                                         std::optional<comments::comment_id> after,
                                                         std::size_t limit) const override {
    return break_or([&] { return inner().votes_of(voter, after, limit); });
  }
  comments::result<std::vector<comments::made_report>> reports_by(
      const std::string& reporter, std::optional<comments::comment_id> after,
      std::size_t limit) const override {
    return break_or([&] { return inner().reports_by(reporter, after, limit); });
  }
  void recover() override { ++recoveries; }
  bool is_writable() const override { return !is_read_only && inner().is_writable(); }

  comments::store_activity activity() const override { return done; }

  comments::store_activity done{};  // set it before the store is used
  std::atomic<bool> is_read_only{};
  std::atomic<int> recoveries{};

 private:
  // Of a write, and of a reading.
  template <typename Call>
  auto break_or(const Call& call) -> decltype(call()) {
    const bool is_in_doubt = how_ == fault::answer_lost;
    return break_with(is_in_doubt ? comments::errc::in_doubt : comments::errc::unavailable, call);
  }
  template <typename Call>
  auto break_or(const Call& call) const -> decltype(call()) {
    return break_with(comments::errc::unavailable, call);
  }

  template <typename Call>
  auto break_with(comments::errc code, const Call& call) const -> decltype(call()) {
    const bool breaks = ++calls_ == fails_at_;
    const comments::error broken{code, "The store broke, as it was told to."};
    if (breaks && how_ == fault::refused) return broken;
    auto answer = call();
    if (breaks) return broken;
    return answer;
  }

  const std::size_t fails_at_;
  const fault how_;
  mutable std::atomic<std::size_t> calls_{};
};
