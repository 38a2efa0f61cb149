#pragma once
// store/postgres_patience.hpp - who waits for what somebody else holds, so that nobody waits along.
//
// A content can be locked for long: by a backup's tool, an operator's shell, a node that hangs.
// Whoever writes to it then waits apart from the others, and only a few at once, because each that
// waits keeps a connection.
//
//   if (auto permit = patient.take()) wait_for_the_lock();
//   const held_contents::guard apart{held, content_id};  // from here on held.has(content_id)

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace comments::postgres {

// Leave for a number of threads at once. Safe from any thread; outlives what it gives.
class permits final {
 public:
  class one final {
   public:
    explicit one(permits& from) : from_{&from} {}
    one(one&& other) noexcept : from_{std::exchange(other.from_, nullptr)} {}
    one& operator=(one&& other) noexcept {
      std::swap(from_, other.from_);
      return *this;
    }
    ~one() {
      if (from_) from_->give_back();
    }

   private:
    permits* from_;
  };

  explicit permits(std::size_t most) : left_{most} {}

  // Empty if so many have one already. Does not wait.
  std::optional<one> take() {
    const std::lock_guard lock{mutex_};
    if (left_ == 0) return std::nullopt;
    --left_;
    return one{*this};
  }

 private:
  void give_back() {
    const std::lock_guard lock{mutex_};
    ++left_;
  }

  std::mutex mutex_{};
  std::size_t left_;
};

// The contents whose locks somebody waits for now. Safe from any thread.
class held_contents final {
 public:
  // Somebody who waits.
  class guard final {
   public:
    guard(held_contents& among, std::string content_id)
        : among_{among}, content_id_{std::move(content_id)} {
      const std::lock_guard lock{among_.mutex_};
      ++among_.held_[content_id_].waiting;
    }
    guard(const guard&) = delete;
    guard& operator=(const guard&) = delete;
    ~guard() {
      const std::lock_guard lock{among_.mutex_};
      const auto mine = among_.held_.find(content_id_);
      if (--mine->second.waiting == 0) among_.held_.erase(mine);
    }

    // How it went: the lock was there or not, for all who come from now on.
    void tell(bool is_free) {
      const std::lock_guard lock{among_.mutex_};
      among_.held_[content_id_].is_free = is_free;
    }

   private:
    held_contents& among_;
    const std::string content_id_;
  };

  bool has(const std::string& content_id) const {
    const std::lock_guard lock{mutex_};
    const auto known = held_.find(content_id);
    return known != held_.end() && !known->second.is_free;
  }

 private:
  struct state {
    std::size_t waiting{};
    bool is_free{};  // as far as the last who waited knows
  };

  mutable std::mutex mutex_{};
  std::map<std::string, state> held_{};  // of contents that somebody waits for
};

}  // namespace comments::postgres
