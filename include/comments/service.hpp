#pragma once
// service.hpp - the use cases: what the world may ask of comments, in the order of their steps.
//
// A post is validated, stored, and counted; a reading is checked and answered from the store.
// Whoever speaks to it (HTTP, a program that embeds it, a test) gets the same rules. It owns
// nothing but its metrics; the store outlives it. Safe to call from any thread.
//
//   memory_store store;
//   service api{store};
//   auto posted = api.post({.content_id = "1", .body = "Primeiro post!"});
//   auto page = api.list({.content_id = "1"});

#include <comments/clock.hpp>
#include <comments/metrics.hpp>
#include <comments/store.hpp>
#include <comments/validation.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace comments {

struct service_options {
  comments::limits limits{};
  std::size_t page_max{200};      // comments on one page, at least 1
  std::size_t contents_max{200};  // contents asked for at once
  comments::clock clock{system_clock()};
};

class service final {
 public:
  explicit service(store& store, service_options options = {})
      : store_{store},
        options_{std::move(options)},
        posted_{metrics_.counter_of("comments_posted_total", "Comments accepted and stored.")},
        replayed_{metrics_.counter_of("comments_replayed_total", "Posts answered by their key.")},
        refused_{metrics_.counter_of("comments_refused_total", "Posts that were not stored.")},
        writable_{metrics_.gauge_of("comments_store_writable", "Whether the store takes writes.")} {
  }
  service(const service&) = delete;
  service& operator=(const service&) = delete;

  // Validates and stores a comment. `invalid` with every violation, else what `store::insert`
  // answers. Durable as the store is. Retrying with the same `draft.key` is safe.
  result<posting> post(draft written) {
    auto checked = validate(std::move(written), options_.limits);
    auto posted = checked ? store_.insert(*checked, options_.clock()) : std::move(checked).error();
    (!posted ? refused_ : posted->replayed ? replayed_ : posted_).add();
    return posted;
  }

  // The comment if readers may see it, else `not_found`.
  result<comment> find(const comment_id& id) const {
    auto found = store_.find(id);
    if (found && !is_visible(*found)) return comment_not_found();
    return found;
  }

  // A page of visible comments, as `store::list` has it; with a parent, of its replies. `invalid`
  // if the content's id or the limit (1 to `page_max`) is not acceptable.
  result<page> list(query wanted) const {
    if (wanted.parent) wanted.scope = scope::replies;
    auto violations = check_content_id(wanted.content_id, options_.limits);
    if (wanted.limit < 1 || wanted.limit > options_.page_max)
      violations.push_back({"limit", "out_of_range"});
    if (!violations.empty()) return to_error(std::move(violations));
    return store_.list(wanted);
  }

  // The contents of these ids, in their order; unknown ones are empty. `invalid` for an id that is
  // not acceptable, no id, or more than `contents_max`.
  result<std::vector<content>> contents(std::span<const std::string> ids) const {
    std::vector<violation> violations;
    if (ids.empty()) violations.push_back({"content_id", "required"});
    if (ids.size() > options_.contents_max) violations.push_back({"content_id", "too_many"});
    for (const std::string& id : ids) {
      if (!violations.empty()) break;
      violations = check_content_id(id, options_.limits);
    }
    if (!violations.empty()) return to_error(std::move(violations));
    return store_.contents(ids);
  }

  // One content that somebody has commented on, else `not_found`.
  result<content> find_content(const std::string& content_id) const {
    auto found = contents({&content_id, 1});
    if (!found) return std::move(found).error();
    if (found->front().version == 0) return error{errc::not_found, "There is no such content."};
    return std::move(found->front());
  }

  // From now on `is_draining` holds, and readiness probes say so; everything else works on.
  void drain() { draining_ = true; }
  bool is_draining() const { return draining_; }

  // Whether the store takes writes, which the metrics then show too. Where it does not, it is told
  // to recover, beside the caller, who never waits.
  bool is_writable() {
    const bool is = store_.is_writable();
    writable_.set(is);
    if (!is) begin_recovery();
    return is;
  }

  const service_options& options() const { return options_; }
  registry& metrics() const { return metrics_; }
  std::string_view signing_key() const { return store_.signing_key(); }

 private:
  void begin_recovery() {
    const std::lock_guard lock{recovering_};
    if (recovery_.valid() &&
        recovery_.wait_for(std::chrono::seconds{0}) != std::future_status::ready)
      return;
    try {
      recovery_ = std::async(std::launch::async, [this] { store_.recover(); });
    } catch (const std::system_error&) {  // no thread to be had: the next who asks tries again
    }
  }

  store& store_;
  const service_options options_;
  mutable registry metrics_{};
  std::atomic<bool> draining_{};
  counter& posted_;
  counter& replayed_;
  counter& refused_;
  gauge& writable_;
  std::mutex recovering_{};
  std::future<void> recovery_{};  // its end is waited for, before the rest goes
};

}  // namespace comments
