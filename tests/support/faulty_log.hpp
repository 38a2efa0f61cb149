#pragma once
// support/faulty_log.hpp - a deployment log that breaks once, at its n-th call, as `faulty_store`
// does.
//
//   memory_store kept;
//   faulty_log log{kept, 2, errc::in_doubt};

#include <comments/deployments/deployment_log.hpp>

#include <atomic>
#include <cstddef>

class faulty_log final : public comments::deployment_log {
 public:
  explicit faulty_log(comments::deployment_log& inner, std::size_t fails_at,
                      comments::errc code = comments::errc::unavailable)
      : inner_{inner}, fails_at_{fails_at}, code_{code} {}

  comments::result<comments::record_result> record(const comments::deployment& step,
                                                   comments::instant now) override {
    if (++calls_ == fails_at_) return broken();
    return inner_.record(step, now);
  }
  comments::result<comments::deployment_page> deployments(
      const comments::deployment_query& query) const override {
    if (++calls_ == fails_at_) return broken();
    return inner_.deployments(query);
  }

 private:
  comments::error broken() const { return {code_, "The log broke, as it was told to."}; }

  comments::deployment_log& inner_;
  const std::size_t fails_at_;
  const comments::errc code_;
  mutable std::atomic<std::size_t> calls_{};
};
