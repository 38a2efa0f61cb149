#pragma once
// store/content_cache.hpp - the contents that are asked for most, in memory, never out of date.
//
// Every list asks for its content's version first, so that answer must cost next to nothing. A
// writer puts the content into the cache after its commit and before it announces the change. A
// reader that found a content in storage may put it there too, but only if there was no write
// meanwhile: a content that was read before a commit and arrives after it would be out of date,
// and stay. So each `find` returns a generation, which every write moves on, and `fill` ignores
// what comes with an old one.
//
//   content_cache cache;
//   const auto [found, generation] = cache.find("1");  // before reading from storage
//   const content stored{.content_id = "1", .version = 1};  // read from storage
//   if (!found) cache.fill(stored, generation);
//   cache.update({.content_id = "1", .version = 2});  // after a commit

#include <comments/comment.hpp>
#include <comments/guarded.hpp>
#include <comments/lru.hpp>
#include <comments/mutex.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace comments::inline v0 {

// Safe from any thread. Without memory it keeps less; what it keeps is up to date all the same.
class content_cache final {
 public:
  static constexpr std::size_t shards = 16;                 // each has a lock of its own
  static constexpr std::size_t contents_kept_max = 65'536;  // about 16 MB, once all are there

  // Keeps `kept_max` contents, rounded down to a multiple of `shards`; 0 keeps none.
  explicit content_cache(std::size_t kept_max = contents_kept_max);

  struct lookup {
    std::optional<content> found{};
    std::uint64_t generation{};
  };

  // Returns the content, if it is here, and the generation in which that was so. Throws only
  // std::bad_alloc.
  lookup find(std::string_view content_id);

  // Keeps what was read from storage after a `find` that returned this generation. Does nothing if
  // there was a write since, or if a newer version is here.
  void fill(const content& read, std::uint64_t generation) noexcept;

  // Keeps what a commit has made of a content.
  void update(const content& written) noexcept;

  // Forgets everything, and makes `fill` ignore what is being read now. For a store that does not
  // know what a commit did.
  void clear() noexcept;

 private:
  struct shard {
    explicit shard(std::size_t kept_max) : contents{kept_max} {}

    void put(const content& kept) noexcept COMMENTS_REQUIRES(mutex);

    comments::mutex mutex{};
    std::uint64_t generation COMMENTS_GUARDED_BY(mutex){};
    lru<content> contents COMMENTS_GUARDED_BY(mutex);
  };

  shard& shard_of(std::string_view content_id) {
    return *shards_[std::hash<std::string_view>{}(content_id) % shards];
  }

  std::array<std::unique_ptr<shard>, shards> shards_{};
};

// --- definitions ---

inline content_cache::content_cache(std::size_t kept_max) {
  for (auto& made : shards_) made = std::make_unique<shard>(kept_max / shards);
}

inline content_cache::lookup content_cache::find(std::string_view content_id) {
  shard& in = shard_of(content_id);
  const mutex_lock lock{in.mutex};
  const content* known = in.contents.find(content_id);
  return {known ? std::optional{*known} : std::nullopt, in.generation};
}

inline void content_cache::fill(const content& read, std::uint64_t generation) noexcept {
  shard& in = shard_of(read.content_id);
  const mutex_lock lock{in.mutex};
  if (in.generation != generation) return;
  const content* known = in.contents.find(read.content_id);
  if (!known || known->version < read.version) in.put(read);
}

inline void content_cache::update(const content& written) noexcept {
  shard& in = shard_of(written.content_id);
  const mutex_lock lock{in.mutex};
  ++in.generation;
  in.put(written);
}

inline void content_cache::clear() noexcept {
  for (auto& cleared : shards_) {
    const mutex_lock lock{cleared->mutex};
    ++cleared->generation;
    cleared->contents.clear();
  }
}

// The version before must not stay when there is no memory for the new one.
inline void content_cache::shard::put(const content& kept) noexcept {
  // clang does not see that the lock is held in the call, too.
  if (!guarded([known = &contents, &kept] { known->put(kept.content_id, kept); })) contents.clear();
}

}  // namespace comments::inline v0
