#pragma once
// store/forwarding.hpp - a store that passes everything on to another: override what is to differ.
//
// For what stands between a service and its store: counting, caching, refusing, breaking on
// purpose.
//
//   class counting_store final : public forwarding_store {
//     using forwarding_store::forwarding_store;
//     result<post_result> insert(const insertion& wanted, instant now) override {
//       ++inserts;
//       return inner().insert(wanted, now);
//     }
//   };

#include <comments/store.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments {

// The store inside outlives it. Not to be copied: one made of another forwards to that.
class forwarding_store : public store {
 public:
  explicit forwarding_store(store& inner) : inner_{inner} {}
  forwarding_store(const forwarding_store&) = delete;
  forwarding_store& operator=(const forwarding_store&) = delete;

  result<post_result> insert(const insertion& wanted, instant now) override {
    return inner_.insert(wanted, now);
  }
  result<comment> amend(const comment_id& id, const decider& decide, instant now) override {
    return inner_.amend(id, decide, now);
  }
  result<comment> vote(const comment_id& id, const std::string& voter, bool is_there,
                       instant now) override {
    return inner_.vote(id, voter, is_there, now);
  }
  result<comment> report(const comment_id& id, const comments::report& said) override {
    return inner_.report(id, said);
  }
  result<content> set_status(const std::string& content_id, std::optional<content_status> status,
                             std::optional<std::int64_t> expected, const event& cause,
                             instant now) override {
    return inner_.set_status(content_id, status, expected, cause, now);
  }
  result<std::size_t> forget_origins(instant before, std::size_t limit) override {
    return inner_.forget_origins(before, limit);
  }
  result<done> forget_reporter(const std::string& reporter) override {
    return inner_.forget_reporter(reporter);
  }
  result<comment> find(const comment_id& id) const override { return inner_.find(id); }
  result<page> list(const query& query) const override { return inner_.list(query); }
  result<std::vector<content>> contents(std::span<const std::string> ids) const override {
    return inner_.contents(ids);
  }
  result<std::vector<event>> events(std::string_view content_id, std::int64_t after,
                                    std::size_t limit) const override {
    return inner_.events(content_id, after, limit);
  }
  result<std::vector<event>> history(const comment_id& id, std::int64_t after,
                                     std::size_t limit) const override {
    return inner_.history(id, after, limit);
  }
  result<std::vector<comments::report>> reports_of(const comment_id& id,
                                                   std::size_t limit) const override {
    return inner_.reports_of(id, limit);
  }
  result<search_result> find_all(const search& wanted) const override {
    return inner_.find_all(wanted);
  }
  result<std::vector<comments::vote>> votes_of(const std::string& voter,
                                               std::optional<comment_id> after,
                                               std::size_t limit) const override {
    return inner_.votes_of(voter, after, limit);
  }
  std::string_view signing_key() const override { return inner_.signing_key(); }
  bool is_writable() const override { return inner_.is_writable(); }
  void recover() override { inner_.recover(); }
  bool is_remote() const override { return inner_.is_remote(); }
  std::unique_ptr<change_listener> listen(change_callbacks to) override {
    return inner_.listen(std::move(to));
  }

 protected:
  store& inner() { return inner_; }
  const store& inner() const { return inner_; }

 private:
  store& inner_;
};

}  // namespace comments
