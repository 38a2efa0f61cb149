#pragma once
// store/memory.hpp - the store that forgets: the reference for every other, and the fake for tests.
//
// It keeps the whole promise of `store` but durability, which it cannot: everything goes with the
// process. Plain containers behind one lock, written to be obviously right rather than fast.
//
//   memory_store store;
//   service api{store};

#include <comments/store.hpp>

#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace comments {

class memory_store final : public store {
 public:
  memory_store() {
    for (const std::uint8_t byte : random_bytes<32>()) key_ += static_cast<char>(byte);
  }
  memory_store(const memory_store&) = delete;
  memory_store& operator=(const memory_store&) = delete;

  result<posting> insert(const draft& draft, instant now) override {
    const std::lock_guard lock{mutex_};
    if (const auto* used = find_key(draft)) {
      if (used->fingerprint != fingerprint(draft)) return key_reused();
      return posting{.stored = *find_in(draft.content_id, used->made), .replayed = true};
    }
    comment* parent = nullptr;
    if (draft.parent) {
      parent = find_in(draft.content_id, *draft.parent);
      if (!parent || !is_visible(*parent)) return parent_not_found();
    }
    return posting{.stored = append(draft, parent, now)};
  }

  result<comment> find(const comment_id& id) const override {
    const std::lock_guard lock{mutex_};
    const auto home = homes_.find(id);
    if (home == homes_.end()) return comment_not_found();
    return *find_in(home->second, id);
  }

  result<page> list(const query& query) const override {
    const std::lock_guard lock{mutex_};
    const shelved* shelf = find_shelf(query.content_id);
    if (!shelf) return page{.content = {.content_id = query.content_id}};
    page answer{.content = shelf->content};
    const auto wanted = find_wanted(*shelf, query);
    for (std::size_t i = 0; i < std::min(wanted.size(), query.limit); ++i)
      answer.items.push_back(*wanted[i]);
    if (wanted.size() > query.limit)
      answer.next = cursor{answer.items.back().position, answer.items.back().votes};
    return answer;
  }

  result<std::vector<content>> contents(std::span<const std::string> ids) const override {
    const std::lock_guard lock{mutex_};
    std::vector<content> found;
    for (const std::string& id : ids) {
      const shelved* shelf = find_shelf(id);
      found.push_back(shelf ? shelf->content : content{.content_id = id});
    }
    return found;
  }

  result<std::vector<event>> events(std::string_view content_id, std::int64_t after,
                                    std::size_t limit) const override {
    const std::lock_guard lock{mutex_};
    std::vector<event> found;
    const shelved* shelf = find_shelf(content_id);
    if (!shelf) return found;
    for (const event& event : shelf->events)
      if (event.version > after && found.size() < limit) found.push_back(event);
    return found;
  }

  std::string_view signing_key() const override { return key_; }

 private:
  struct used_key {
    std::int64_t fingerprint{};
    comment_id made{};
  };
  // All that belongs to one content; comments and events in the order of their versions.
  struct shelved {
    comments::content content{};
    std::vector<comment> comments{};
    std::vector<event> events{};
    std::map<std::string, used_key> keys{};
  };

  // Smaller comes first.
  static std::pair<std::int64_t, std::int64_t> rank(sort sort, const cursor& place) {
    if (sort == sort::newest) return {0, -place.position};
    return {sort == sort::top ? -place.votes : 0, place.position};
  }
  static std::pair<std::int64_t, std::int64_t> rank(sort sort, const comment& comment) {
    return rank(sort, cursor{comment.position, comment.votes});
  }

  static bool is_wanted(const comment& comment, const query& query) {
    if (!is_visible(comment)) return false;
    if (query.scope == scope::roots && comment.parent) return false;
    if (query.scope == scope::replies && comment.parent != query.parent) return false;
    return !query.after || rank(query.sort, *query.after) < rank(query.sort, comment);
  }

  // What a query asks for in its order, and at least one more than its limit if there are more.
  static std::vector<const comment*> find_wanted(const shelved& shelf, const query& query) {
    std::vector<const comment*> wanted;
    auto at = shelf.comments.begin();
    const bool is_in_order =
        query.sort == sort::oldest;  // they stand like that, so a page is short
    if (is_in_order && query.after)
      at = std::ranges::upper_bound(shelf.comments, query.after->position, {}, &comment::position);
    for (; at != shelf.comments.end() && !(is_in_order && wanted.size() > query.limit); ++at)
      if (is_wanted(*at, query)) wanted.push_back(&*at);
    if (!is_in_order)
      std::ranges::sort(wanted, {}, [&](const comment* c) { return rank(query.sort, *c); });
    return wanted;
  }

  const shelved* find_shelf(std::string_view content_id) const {
    const auto found = shelves_.find(content_id);
    return found == shelves_.end() ? nullptr : &found->second;
  }

  const used_key* find_key(const draft& draft) const {
    const shelved* shelf = find_shelf(draft.content_id);
    if (draft.key.empty() || !shelf) return nullptr;
    const auto used = shelf->keys.find(draft.key);
    return used == shelf->keys.end() ? nullptr : &used->second;
  }

  const comment* find_in(const std::string& content_id, const comment_id& id) const {
    const shelved* shelf = find_shelf(content_id);
    if (!shelf) return nullptr;
    const auto found = std::ranges::find(shelf->comments, id, &comment::id);
    return found == shelf->comments.end() ? nullptr : &*found;
  }
  comment* find_in(const std::string& content_id, const comment_id& id) {
    return const_cast<comment*>(std::as_const(*this).find_in(content_id, id));
  }

  comment append(const draft& draft, comment* parent, instant now) {
    const comment_id id = make_comment_id(now);  // first, because it alone can fail
    auto& shelf = shelves_[draft.content_id];
    shelf.content.content_id = draft.content_id;
    const std::int64_t version = ++shelf.content.version;
    ++shelf.content.comments;
    if (parent) {
      ++parent->replies;
      parent->version = version;
    }
    comment made = to_comment(draft, id, version, now);
    homes_.emplace(id, draft.content_id);
    if (!draft.key.empty()) shelf.keys.emplace(draft.key, used_key{fingerprint(draft), id});
    shelf.events.push_back({draft.content_id, version, event_kind::posted, id, now});
    shelf.comments.push_back(made);
    return made;
  }

  std::string key_{};
  mutable std::mutex mutex_{};
  std::map<std::string, shelved, std::less<>> shelves_{};
  std::map<comment_id, std::string> homes_{};
};

}  // namespace comments
