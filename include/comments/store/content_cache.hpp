#pragma once
// store/content_cache.hpp - the contents asked for most, in memory, never older than what is known.
//
// Every list asks for its content's version first, so that answer must cost nothing. Whoever writes
// brings the content along after its commit and before anybody hears of it. Whoever reads a content
// from storage may bring it along too, but only if nobody wrote meanwhile: what was read before a
// commit and brought after it would be old, and stay. So each look tells the `moment` it was at,
// and what comes with a moment that is over is not taken.
//
//   auto [known, moment] = table.look(id);              // before the reading begins
//   if (!known) table.fill(*(known = read(id)), moment);
//   table.update(changed);                              // behind a commit

#include <comments/comment.hpp>
#include <comments/lru.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

namespace comments {

// Safe from any thread.
class content_cache final {
 public:
  static constexpr std::size_t shards = 16;                 // each with a lock of its own
  static constexpr std::size_t contents_kept_max = 65'536;  // about 16 MB, if all are there

  // Keeps `kept_max` contents, rounded down to a multiple of `shards`; 0 keeps none.
  explicit content_cache(std::size_t kept_max = contents_kept_max) {
    for (auto& shard : shards_) shard = std::make_unique<part>(kept_max / shards);
  }

  struct finding {
    std::optional<content> known{};
    std::uint64_t moment{};
  };

  // What is known of a content, and when that was.
  finding look(std::string_view content_id) {
    part& shard = find(content_id);
    const std::lock_guard lock{shard.mutex};
    const content* known = shard.contents.find(content_id);
    return {known ? std::optional{*known} : std::nullopt, shard.moment};
  }

  // Takes what a reading found that began after the look at `moment`, unless something was written
  // since, or a later reading was faster.
  void fill(const content& found, std::uint64_t moment) {
    part& shard = find(found.content_id);
    const std::lock_guard lock{shard.mutex};
    if (shard.moment != moment) return;
    const content* known = shard.contents.find(found.content_id);
    if (!known || known->version < found.version) shard.contents.put(found.content_id, found);
  }

  // Takes what a commit made of a content.
  void update(const content& changed) {
    part& shard = find(changed.content_id);
    const std::lock_guard lock{shard.mutex};
    ++shard.moment;
    shard.contents.put(changed.content_id, changed);
  }

  // Forgets everything, also what is being read now: when nobody knows what a commit did.
  void clear() {
    for (auto& shard : shards_) {
      const std::lock_guard lock{shard->mutex};
      ++shard->moment;
      shard->contents.clear();
    }
  }

 private:
  struct part {
    explicit part(std::size_t kept_max) : contents{kept_max} {}
    std::mutex mutex{};
    std::uint64_t moment{};  // counts what was written
    lru<content> contents{0};
  };

  part& find(std::string_view content_id) {
    return *shards_[std::hash<std::string_view>{}(content_id) % shards];
  }

  std::array<std::unique_ptr<part>, shards> shards_{};
};

}  // namespace comments
