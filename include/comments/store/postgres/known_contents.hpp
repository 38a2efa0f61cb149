#pragma once
// store/postgres/known_contents.hpp - to which content a comment belongs, for those used last.
//
// A comment never changes its content, so what is kept here is never old. Whoever knows it asks one
// machine where tables are spread by content; a comment's id alone would be asked of all of them.
//
//   postgres::known_contents known{16'384};
//   known.remember(id, content_id);
//   if (const auto known_one = known.find(id)) assert(*known_one == content_id);

#include <comments/comment.hpp>
#include <comments/guarded.hpp>
#include <comments/lru.hpp>
#include <comments/mutex.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace comments::inline v0::postgres {

// Safe from any thread.
class known_contents final {
 public:
  // Keeps at most so many comments, each in some 200 bytes.
  explicit known_contents(std::size_t comments_max) : kept_{comments_max} {}

  std::optional<std::string> find(const comment_id& id) COMMENTS_EXCLUDES(mutex_) {
    const mutex_lock lock{mutex_};
    const std::string* const known = kept_.find(name_of(id));
    return known ? std::optional{*known} : std::nullopt;
  }

  // Without memory it forgets, which costs a question.
  void remember(const comment& one) noexcept { remember(one.id, one.content_id); }
  void remember(const comment_id& id, const std::string& content_id) noexcept
      COMMENTS_EXCLUDES(mutex_) {
    guarded([&] {
      const mutex_lock lock{mutex_};
      if (!kept_.find(name_of(id))) kept_.put(name_of(id), content_id);
    });
  }

 private:
  static std::string_view name_of(const comment_id& id) {
    return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
  }

  mutex mutex_{};
  lru<std::string> kept_ COMMENTS_GUARDED_BY(mutex_);
};

}  // namespace comments::inline v0::postgres
