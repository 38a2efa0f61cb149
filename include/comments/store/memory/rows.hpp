#pragma once
// store/memory/rows.hpp - what the memory store keeps of a content.
//
//   memory::kept_content kept{.content = {.content_id = "1"}};
//   memory::make_room(kept.comments);
//   kept.comments.push_back({.content_id = "1", .position = 1, .body = "Oi"});
//   assert(memory::find_at(kept.comments, 1).body == "Oi");

#include <comments/comment.hpp>
#include <comments/event.hpp>
#include <comments/store.hpp>
#include <comments/store/list_order.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace comments::inline v0::memory {

struct used_key {
  std::int64_t fingerprint{};
  comment_id made{};
};

struct cast_vote {
  std::string voter{};
  std::string browser{};
  instant at{};
};

// The place of a comment, its content and its position in it, and what readers said of it. Reports
// are in the order of time.
struct place {
  std::string content_id{};
  std::int64_t position{};
  std::vector<cast_vote> votes{};
  std::vector<comments::report> reports{};
};

// All that belongs to one content. Comments and events are in the order of their versions.
struct kept_content {
  comments::content content{};
  std::vector<comment> comments{};
  list_order order{};
  std::vector<event> events{};
  std::map<std::string, used_key> keys{};
};

// Makes room for one more item, so that push_back cannot fail.
template <typename T>
void make_room(std::vector<T>& items) {
  if (items.size() == items.capacity()) items.reserve(std::max<std::size_t>(8, items.size() * 2));
}

// Returns the comment at a position that has one.
inline auto& find_at(auto& comments, std::int64_t position) {
  return *std::lower_bound(
      comments.begin(), comments.end(), position,
      [](const comment& one, std::int64_t wanted) { return one.position < wanted; });
}

// Erases the items for which `is_old` holds, at most `limit`. Returns how many.
template <typename Items, typename Claim>
std::size_t erase_some(Items& items, std::size_t limit, const Claim& is_old) {
  std::size_t count = 0;
  std::erase_if(items, [&](const auto& item) {
    if (count == limit || !is_old(item)) return false;
    ++count;
    return true;
  });
  return count;
}

}  // namespace comments::inline v0::memory
