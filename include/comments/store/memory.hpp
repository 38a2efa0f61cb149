#pragma once
// store/memory.hpp - the store that forgets: the reference for every other, and the fake for tests.
//
// It keeps the whole promise of `store` but durability, which it cannot: everything goes with the
// process. Plain containers behind one lock, written to be obviously right rather than fast.
//
//   memory_store store;
//   service api{store};

#include <comments/deployments/deployment_log.hpp>
#include <comments/store.hpp>

#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace comments {

class memory_store final : public store, public deployment_log {
 public:
  memory_store() {
    for (const std::uint8_t byte : random_bytes<32>()) key_ += static_cast<char>(byte);
  }
  memory_store(const memory_store&) = delete;
  memory_store& operator=(const memory_store&) = delete;

  result<post_result> insert(const insertion& wanted, instant now) override {
    if (is_deciding()) return called_back();
    const std::lock_guard lock{mutex_};
    const draft& draft = wanted.said;
    if (const auto* used = find_key(draft)) {
      const comment& made = *find_in(used->made);
      if (used->fingerprint != fingerprint(draft) && made.status != status::removed)
        return key_reused();
      return post_result{.stored = made, .replayed = true};
    }
    const shelved* home = find_shelf(draft.content_id);
    if (!is_met(wanted.expected, home ? home->content : content{})) return version_moved();
    const comment* parent = nullptr;
    if (draft.parent) {
      parent = find_in(*draft.parent);
      if (!parent || parent->content_id != draft.content_id || !is_visible(*parent))
        return parent_not_found();
    }
    if (auto allowed = take_tokens(buckets_, wanted, now); !allowed)
      return std::move(allowed).error();
    return post_result{.stored = append(wanted, parent, now)};
  }

  result<comment> amend(const comment_id& id, const decider& decide, instant now) override {
    if (is_deciding()) return called_back();
    const std::lock_guard lock{mutex_};
    comment* found = find_in(id);
    if (!found) return comment_not_found();
    auto decided = ask(decide, *found);
    if (!decided) return std::move(decided).error();
    shelved& shelf = shelves_.find(found->content_id)->second;
    append(shelf, decided->cause, id, now);
    const comment before = *found;
    *found = comments::amend(before, decided->changed);
    found->version = shelf.content.version;
    if (before.status != found->status) settle(shelf, before, *found);
    if (found->status == status::removed) erase(shelf, *found);
    return *found;
  }

  result<comment> vote(const comment_id& id, const std::string& voter, bool is_there,
                       instant now) override {
    if (is_deciding()) return called_back();
    const std::lock_guard lock{mutex_};
    comment* found = find_in(id);
    if (!found || (is_there && !is_visible(*found))) return comment_not_found();
    auto& votes = votes_by_voter_[voter];
    const bool is_new = is_there
                            ? votes.emplace(id, comments::vote{id, found->content_id, now}).second
                            : votes.erase(id) > 0;
    if (votes.empty()) votes_by_voter_.erase(voter);
    if (!is_new) return *found;
    shelved& shelf = shelves_.find(found->content_id)->second;
    append(shelf, {.kind = event_kind::voted}, id, now);
    found->votes += is_there ? 1 : -1;
    found->version = shelf.content.version;
    return *found;
  }

  result<comment> report(const comment_id& id, const comments::report& said) override {
    if (is_deciding()) return called_back();
    const std::lock_guard lock{mutex_};
    comment* found = find_in(id);
    if (!found || !is_visible(*found)) return comment_not_found();
    auto& all = reports_[id];
    if (std::ranges::find(all, said.reporter, &comments::report::reporter) != all.end())
      return *found;
    all.push_back(said);
    ++found->reports;
    return *found;
  }

  result<content> set_status(const std::string& content_id, std::optional<content_status> status,
                             std::optional<std::int64_t> expected, const event& cause,
                             instant now) override {
    if (is_deciding()) return called_back();
    const std::lock_guard lock{mutex_};
    const shelved* known = find_shelf(content_id);
    if (expected && *expected != (known ? known->content.version : 0)) return version_moved();
    shelved& shelf = shelves_[content_id];
    shelf.content.content_id = content_id;
    shelf.content.status = status;
    append(shelf, cause, {}, now);
    return shelf.content;
  }

  result<std::size_t> forget_origins(instant before, std::size_t limit) override {
    if (is_deciding()) return called_back();
    const std::lock_guard lock{mutex_};
    std::size_t comments = 0, votes = 0, reports = 0;
    for (auto& [id, shelf] : shelves_)
      for (comment& one : shelf.comments)
        if (!one.origin.empty() && one.created_at < before && comments < limit) {
          one.origin.clear();
          ++comments;
        }
    for (auto& [voter, cast] : votes_by_voter_) {
      if (!voter.starts_with(address_prefix)) continue;
      std::erase_if(cast, [&](const auto& one) {
        return one.second.at < before && votes < limit && ++votes;
      });
    }
    for (auto& [id, all] : reports_)
      std::erase_if(all, [&](const comments::report& one) {
        return one.reporter.starts_with(address_prefix) && one.at < before && reports < limit &&
               ++reports;
      });
    return comments + votes + reports;
  }

  result<done> forget_reporter(const std::string& reporter) override {
    if (is_deciding()) return called_back();
    const std::lock_guard lock{mutex_};
    for (auto& [id, all] : reports_)
      std::erase_if(all, [&](const comments::report& one) { return one.reporter == reporter; });
    return ok();
  }

  result<record_result> record(const deployment& said, instant now) override {
    if (is_deciding()) return called_back();
    const std::lock_guard lock{mutex_};
    for (const deployment& known : deployments_) {
      if (said.run.empty() || known.run != said.run || known.component != said.component ||
          known.status != said.status)
        continue;
      if (!is_retry_of(said, known)) return run_reused();
      return record_result{.stored = known, .replayed = true};
    }
    deployment made = said;
    made.id = make_comment_id(now);
    made.position = static_cast<std::int64_t>(deployments_.size()) + 1;
    made.date = now;
    deployments_.push_back(made);
    return record_result{.stored = std::move(made)};
  }

  result<comment> find(const comment_id& id) const override {
    if (is_deciding()) return called_back();
    const std::lock_guard lock{mutex_};
    const comment* found = find_in(id);
    if (!found) return comment_not_found();
    return *found;
  }

  result<page> list(const query& query) const override {
    if (is_deciding()) return called_back();
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
    if (is_deciding()) return called_back();
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
    if (is_deciding()) return called_back();
    const std::lock_guard lock{mutex_};
    std::vector<event> found;
    const shelved* shelf = find_shelf(content_id);
    if (!shelf) return found;
    for (const event& event : shelf->events)
      if (event.version > after && found.size() < limit) found.push_back(event);
    return found;
  }

  result<std::vector<event>> history(const comment_id& id, std::int64_t after,
                                     std::size_t limit) const override {
    if (is_deciding()) return called_back();
    const std::lock_guard lock{mutex_};
    std::vector<event> found;
    const comment* about = find_in(id);
    if (!about) return found;
    for (const event& event : find_shelf(about->content_id)->events)
      if (event.comment == id && event.kind != event_kind::voted && event.version > after &&
          found.size() < limit)
        found.push_back(event);
    return found;
  }

  result<std::vector<comments::report>> reports_of(const comment_id& id,
                                                   std::size_t limit) const override {
    if (is_deciding()) return called_back();
    const std::lock_guard lock{mutex_};
    std::vector<comments::report> found;
    const auto all = reports_.find(id);
    if (all == reports_.end()) return found;
    found.assign(all->second.rbegin(), all->second.rend());
    std::ranges::stable_sort(found, std::ranges::greater{}, &comments::report::at);
    if (found.size() > limit) found.resize(limit);
    return found;
  }

  result<search_result> find_all(const search& wanted) const override {
    if (is_deciding()) return called_back();
    const std::lock_guard lock{mutex_};
    search_result found;
    auto at = wanted.after ? homes_.upper_bound(*wanted.after) : homes_.begin();
    for (; at != homes_.end(); ++at) {
      const comment& one = *find_in(at->first);
      if (!is_found(one, wanted)) continue;
      if (found.items.size() == wanted.limit) {
        if (!found.items.empty()) found.next = found.items.back().id;
        break;
      }
      found.items.push_back(one);
    }
    return found;
  }

  result<std::vector<comments::vote>> votes_of(const std::string& voter,
                                               std::optional<comment_id> after,
                                               std::size_t limit) const override {
    if (is_deciding()) return called_back();
    const std::lock_guard lock{mutex_};
    std::vector<comments::vote> found;
    const auto votes = votes_by_voter_.find(voter);
    if (votes == votes_by_voter_.end()) return found;
    auto at = after ? votes->second.upper_bound(*after) : votes->second.begin();
    for (; at != votes->second.end() && found.size() < limit; ++at) found.push_back(at->second);
    return found;
  }

  result<deployment_page> deployments(const deployment_query& query) const override {
    if (is_deciding()) return called_back();
    const std::lock_guard lock{mutex_};
    deployment_page found;
    for (auto at = deployments_.rbegin(); at != deployments_.rend(); ++at) {
      if (query.before && at->position >= *query.before) continue;
      if (!query.component.empty() && at->component != query.component) continue;
      if (found.items.size() == query.limit) {
        if (!found.items.empty()) found.next = found.items.back().position;
        break;
      }
      found.items.push_back(*at);
    }
    return found;
  }

  std::string_view signing_key() const override { return key_; }

 private:
  struct place {
    std::string content_id{};
    std::int64_t position{};
  };
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
    if (query.scope == scope::all ? !is_visible(comment) : !is_listed(comment)) return false;
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

  const comment* find_in(const comment_id& id) const {
    const auto home = homes_.find(id);
    if (home == homes_.end()) return nullptr;
    const auto& all = shelves_.find(home->second.content_id)->second.comments;
    return &*std::ranges::lower_bound(all, home->second.position, {}, &comment::position);
  }
  comment* find_in(const comment_id& id) {
    return const_cast<comment*>(std::as_const(*this).find_in(id));
  }

  static bool is_found(const comment& one, const search& wanted) {
    const auto lower = [](std::string_view text) { return to_lower_ascii(text); };
    if (wanted.status && one.status != *wanted.status) return false;
    if (!wanted.subject.empty() && one.author.subject != wanted.subject) return false;
    if (!wanted.email.empty() && lower(one.author.email) != lower(wanted.email)) return false;
    if (wanted.verified && one.author.verified != *wanted.verified) return false;
    const std::string text = lower(wanted.text);
    return lower(one.body).find(text) != std::string::npos ||
           lower(one.author.name).find(text) != std::string::npos;
  }

  comment append(const insertion& wanted, const comment* parent, instant now) {
    const draft& draft = wanted.said;
    const comment_id id = make_comment_id(now);  // first, because it alone can fail
    shelved& shelf = shelves_[draft.content_id];
    shelf.content.content_id = draft.content_id;
    comment made = to_comment(wanted, id, shelf.content.version + 1, now);
    while (parent && parent->depth >= wanted.depth_max && parent->parent)
      parent = find_in(*parent->parent);
    if (parent) {
      made.parent = parent->id;
      made.depth = parent->depth + 1;
    }
    append(shelf, to_event(wanted), id, now);
    homes_.emplace(id, place{draft.content_id, made.position});
    if (!draft.key.empty()) shelf.keys.emplace(draft.key, used_key{fingerprint(draft), id});
    shelf.comments.push_back(made);
    comment hidden = made;
    hidden.status = status::pending;
    settle(shelf, hidden, made);
    return made;
  }

  // Moves the version, and notes why.
  static void append(shelved& shelf, event cause, const comment_id& about, instant now) {
    cause.content_id = shelf.content.content_id;
    cause.version = ++shelf.content.version;
    cause.comment = about;
    cause.at = now;
    shelf.events.push_back(std::move(cause));
  }

  // Counts a comment whose place in lists may have changed, in its content and its ancestors.
  void settle(shelved& shelf, const comment& before, const comment& now) {
    shelf.content.comments += int{is_visible(now)} - int{is_visible(before)};
    int change = int{is_listed(now)} - int{is_listed(before)};
    for (auto parent = now.parent; parent && change != 0;) {
      comment& above = *find_in(*parent);
      const bool was = is_listed(above);
      above.replies += change;
      above.version = shelf.content.version;
      change = int{is_listed(above)} - int{was};
      parent = above.parent;
    }
  }

  void erase(shelved& shelf, comment& removed) {
    removed.author = {};
    removed.body.clear();
    removed.encoded.clear();
    removed.origin.clear();
    for (event& event : shelf.events)
      if (event.comment == removed.id) event.before.clear();
    for (auto& [key, used] : shelf.keys)
      if (used.made == removed.id) used.fingerprint = 0;
    reports_.erase(removed.id);
  }

  std::string key_{};
  bucket_table buckets_{};
  mutable std::mutex mutex_{};
  std::map<std::string, shelved, std::less<>> shelves_{};
  std::map<comment_id, place> homes_{};
  std::map<std::string, std::map<comment_id, comments::vote>> votes_by_voter_{};  // by voter
  std::map<comment_id, std::vector<comments::report>> reports_{};
  std::vector<deployment> deployments_{};  // in the order of their positions
};

}  // namespace comments
