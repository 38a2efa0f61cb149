#pragma once
// store/memory.ipp - definitions of store/memory.hpp.
//
// A write first makes everything that needs memory, and then changes the containers by steps that
// cannot fail. So a write that throws std::bad_alloc has changed nothing.

#include <comments/store/memory.hpp>

#include <comments/epoch.hpp>
#include <comments/mutex.hpp>
#include <comments/principal.hpp>
#include <comments/store/algorithms.hpp>
#include <comments/store/memory/rows.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <utility>

namespace comments::inline v0 {

// Functions that change something trust that there is room for it.
struct memory_store::state {
  using contents = std::map<std::string, memory::kept_content, std::less<>>;

  std::uint64_t epoch{};
  std::string signing_key{};
  bucket_table buckets{};
  comments::mutex mutex{};
  contents contents_by_id COMMENTS_GUARDED_BY(mutex){};
  std::map<comment_id, memory::place> places COMMENTS_GUARDED_BY(mutex){};
  std::vector<deployment> deployments COMMENTS_GUARDED_BY(mutex){};  // by their positions

  const memory::kept_content* find_content(std::string_view id) const COMMENTS_REQUIRES(mutex) {
    const auto found = contents_by_id.find(id);
    return found == contents_by_id.end() ? nullptr : &found->second;
  }

  // Returns a content that nothing is known of.
  content unknown(std::string_view id) const {
    return {.content_id = std::string{id}, .epoch = epoch};
  }

  // Returns the content with this id. If there is none, makes an empty one.
  memory::kept_content& make_content(const std::string& id) COMMENTS_REQUIRES(mutex) {
    return contents_by_id.try_emplace(id, memory::kept_content{.content = unknown(id)})
        .first->second;
  }

  memory::kept_content& content_of(const comment& of) COMMENTS_REQUIRES(mutex) {
    return contents_by_id.find(of.content_id)->second;
  }

  comment* find(const comment_id& id) COMMENTS_REQUIRES(mutex) {
    const auto place = places.find(id);
    if (place == places.end()) return nullptr;
    auto& all = contents_by_id.find(place->second.content_id)->second.comments;
    return &memory::find_at(all, place->second.position);
  }

  const memory::used_key* find_key(const draft& draft) const COMMENTS_REQUIRES(mutex) {
    const auto* content = find_content(draft.content_id);
    if (draft.key.empty() || !content) return nullptr;
    const auto used = content->keys.find(draft.key);
    return used == content->keys.end() ? nullptr : &used->second;
  }

  // Moves the version of a content by one, and appends the event that says why.
  static void append(memory::kept_content& to, event cause) noexcept {
    to.content.version = cause.version;
    to.events.push_back(std::move(cause));
  }

  // Returns `cause` as the next event of a content, and makes room for it.
  static event next_event(memory::kept_content& of, event cause, const comment_id& about,
                          instant now) {
    memory::make_room(of.events);
    cause.content_id = of.content.content_id;
    cause.version = of.content.version + 1;
    cause.comment = about;
    cause.at = now;
    return cause;
  }

  result<post_result> insert(const insertion& wanted, const comment* parent, const comment_id& id,
                             instant now) COMMENTS_REQUIRES(mutex);

  // Counts a comment below `parent` that was shown or hidden, in its content and its ancestors.
  // `visible` and `listed` are 1 if it became that, -1 if it ceased to be, else 0.
  void settle(memory::kept_content& content, std::optional<comment_id> parent, int visible,
              int listed) COMMENTS_REQUIRES(mutex) {
    content.content.comments += visible;
    while (parent && listed != 0) {
      comment& above = *find(*parent);
      const auto from = list_order::places_of(above);
      const bool was_listed = is_listed(above);
      above.replies += listed;
      above.version = content.content.version;
      content.order.move(from, above);
      listed = int{is_listed(above)} - int{was_listed};
      parent = above.parent;
    }
  }

  // Erases what a comment that was removed leaves elsewhere.
  void erase_traces(memory::kept_content& content, const comment_id& id) COMMENTS_REQUIRES(mutex) {
    for (event& event : content.events)
      if (event.comment == id) event.before.clear();
    for (auto& [key, used] : content.keys)
      if (used.made == id) used.fingerprint = 0;
    places.find(id)->second.reports.clear();
  }
};

COMMENTS_INLINE memory_store::memory_store() : memory_store{make_epoch()} {}

COMMENTS_INLINE memory_store::memory_store(std::uint64_t epoch)
    : state_{std::make_unique<state>()} {
  state_->epoch = epoch;
  for (const std::uint8_t byte : random_bytes<32>()) state_->signing_key += static_cast<char>(byte);
}

COMMENTS_INLINE memory_store::~memory_store() = default;

COMMENTS_INLINE result<post_result> memory_store::insert(const insertion& wanted, instant now) {
  if (is_deciding()) return called_back();
  const auto id = new_id(wanted, now);
  if (!id) return id.error();
  state& at = *state_;
  const mutex_lock lock{at.mutex};
  const draft& draft = wanted.said;
  if (const auto* used = at.find_key(draft)) {
    const comment& made = *at.find(used->made);
    if (used->fingerprint != fingerprint(draft) && made.status != status::removed)
      return key_reused();
    return post_result{.stored = made, .replayed = true};
  }
  const auto* content = at.find_content(draft.content_id);
  if (!is_met(wanted.expected, content ? content->content : comments::content{}))
    return version_moved();
  const comment* parent = draft.parent ? at.find(*draft.parent) : nullptr;
  const bool is_there = parent && parent->content_id == draft.content_id && is_visible(*parent);
  if (draft.parent && !is_there) return parent_not_found();
  while (parent && parent->depth >= wanted.depth_max && parent->parent)
    parent = at.find(*parent->parent);
  if (at.find(*id)) return unavailable();  // an id that was named, and is taken
  return at.insert(wanted, parent, *id, now);
}

COMMENTS_INLINE result<post_result> memory_store::state::insert(const insertion& wanted,
                                                                const comment* parent,
                                                                const comment_id& id, instant now) {
  const draft& draft = wanted.said;
  const std::optional<comment_id> parent_id = parent ? std::optional{parent->id} : std::nullopt;
  memory::kept_content& content = make_content(draft.content_id);
  comment made = to_comment(wanted, id, content.content.version + 1, now);
  made.parent = parent_id;
  made.depth = parent ? parent->depth + 1 : 0;
  memory::make_room(content.comments);  // `parent` may point to nothing from here on
  event posted = next_event(content, to_event(wanted), id, now);
  std::map<comment_id, memory::place> place{
      {id, {.content_id = draft.content_id, .position = made.position}}};
  std::map<std::string, memory::used_key> key;
  if (!draft.key.empty()) key.emplace(draft.key, memory::used_key{fingerprint(draft), id});
  list_order place_in_lists{made};
  post_result answer{.stored = made};
  if (auto allowed = take_tokens(buckets, wanted, now); !allowed) return std::move(allowed).error();

  append(content, std::move(posted));
  content.comments.push_back(std::move(made));
  content.order.merge(place_in_lists);
  content.keys.merge(key);
  places.merge(place);
  const int shown = is_visible(answer.stored);
  settle(content, answer.stored.parent, shown, shown);
  return answer;
}

COMMENTS_INLINE result<comment> memory_store::amend(const comment_id& id, const decider& decide,
                                                    instant now) {
  if (is_deciding()) return called_back();
  state& at = *state_;
  const mutex_lock lock{at.mutex};
  comment* stands = at.find(id);
  if (!stands) return comment_not_found();
  auto decided = ask(decide, *stands);
  if (!decided) return std::move(decided).error();
  memory::kept_content& content = at.content_of(*stands);
  event cause = state::next_event(content, std::move(decided->cause), id, now);
  comment after = comments::amend(*stands, decided->changed);
  after.version = cause.version;
  const bool is_removed = after.status == status::removed;
  if (is_removed) erase_text(after);
  comment answer = after;
  const int visible = int{is_visible(after)} - int{is_visible(*stands)};
  const int listed = int{is_listed(after)} - int{is_listed(*stands)};

  state::append(content, std::move(cause));
  content.order.move(list_order::places_of(*stands), after);
  *stands = std::move(after);
  at.settle(content, answer.parent, visible, listed);
  if (is_removed) at.erase_traces(content, id);
  return answer;
}

COMMENTS_INLINE result<comment> memory_store::vote(const comment_id& id, const voter& by,
                                                   bool is_there, instant now) {
  if (is_deciding()) return called_back();
  state& at = *state_;
  const mutex_lock lock{at.mutex};
  comment* voted = at.find(id);
  if (!voted || (is_there && !is_visible(*voted))) return comment_not_found();
  std::vector<memory::cast_vote>& cast = at.places.find(id)->second.votes;
  const auto is_theirs = [&](const memory::cast_vote& one) {
    return is_there ? is_by(by, one.voter, one.browser) : may_take_back(by, one.voter, one.browser);
  };
  const auto theirs = std::count_if(cast.begin(), cast.end(), is_theirs);
  if ((theirs > 0) == is_there) return *voted;
  network_count neighbours{by};
  for (const memory::cast_vote& one : cast) neighbours.add(one.voter);
  if (is_there && neighbours.is_full()) return network_used_up();
  memory::kept_content& content = at.content_of(*voted);
  event cause = state::next_event(content, {.kind = event_kind::voted}, id, now);
  comment answer = *voted;
  answer.votes += is_there ? 1 : -theirs;
  answer.version = cause.version;
  memory::cast_vote made{by.name, browser_of_vote(by), now};
  memory::make_room(cast);

  state::append(content, std::move(cause));
  content.order.move(list_order::places_of(*voted), answer);
  voted->votes = answer.votes;
  voted->version = answer.version;
  if (is_there)
    cast.push_back(std::move(made));
  else
    std::erase_if(cast, is_theirs);
  return answer;
}

COMMENTS_INLINE result<comment> memory_store::report(const comment_id& id, const voter& by,
                                                     const std::string& reason, instant now) {
  if (is_deciding()) return called_back();
  state& at = *state_;
  const mutex_lock lock{at.mutex};
  comment* reported = at.find(id);
  if (!reported || !is_visible(*reported)) return comment_not_found();
  auto& reports = at.places.find(id)->second.reports;
  network_count neighbours{by};
  for (const comments::report& said : reports) {
    if (is_by(by, said.reporter)) return *reported;
    neighbours.add(said.reporter);
  }
  if (neighbours.is_full()) return network_used_up();
  comment answer = *reported;
  ++answer.reports;
  auto place = reports.end();  // behind those that are older: a clock may have been set back
  while (place != reports.begin() && std::prev(place)->at > now) --place;
  reports.insert(place, {by.name, reason, now});
  ++reported->reports;
  return answer;
}

COMMENTS_INLINE result<content> memory_store::set_status(const std::string& content_id,
                                                         std::optional<content_status> status,
                                                         std::optional<std::int64_t> expected,
                                                         const event& cause, instant now) {
  if (is_deciding()) return called_back();
  state& at = *state_;
  const mutex_lock lock{at.mutex};
  const auto* known = at.find_content(content_id);
  if (expected && *expected != (known ? known->content.version : 0)) return version_moved();
  memory::kept_content& content = at.make_content(content_id);
  event changed = state::next_event(content, cause, {}, now);
  comments::content answer = content.content;
  answer.status = status;
  answer.version = changed.version;

  content.content.status = status;
  state::append(content, std::move(changed));
  return answer;
}

COMMENTS_INLINE result<std::size_t> memory_store::forget_origins(instant before,
                                                                 std::size_t limit) {
  if (is_deciding()) return called_back();
  const mutex_lock lock{state_->mutex};
  std::size_t origins = 0, votes = 0, reports = 0;
  for (auto& [id, content] : state_->contents_by_id)
    for (comment& stands : content.comments) {
      if (stands.origin.empty() || stands.created_at >= before || origins == limit) continue;
      stands.origin.clear();
      ++origins;
    }
  for (auto& [id, about] : state_->places) {
    votes += memory::erase_some(about.votes, limit - votes, [&](const memory::cast_vote& one) {
      return one.voter.starts_with(address_prefix) && one.at < before;
    });
    reports +=
        memory::erase_some(about.reports, limit - reports, [&](const comments::report& made) {
          return made.reporter.starts_with(address_prefix) && made.at < before;
        });
  }
  return origins + votes + reports;
}

COMMENTS_INLINE result<done> memory_store::forget_reporter(const std::string& reporter) {
  if (is_deciding()) return called_back();
  const mutex_lock lock{state_->mutex};
  for (auto& [id, about] : state_->places)
    std::erase_if(about.reports, [&](const auto& said) { return said.reporter == reporter; });
  return ok();
}

COMMENTS_INLINE result<comment> memory_store::find(const comment_id& id) const {
  if (is_deciding()) return called_back();
  const mutex_lock lock{state_->mutex};
  if (const comment* found = state_->find(id)) return *found;
  return comment_not_found();
}

COMMENTS_INLINE result<page> memory_store::list(const query& query) const {
  if (is_deciding()) return called_back();
  const mutex_lock lock{state_->mutex};
  const auto* content = state_->find_content(query.content_id);
  if (!content) return page{.content = state_->unknown(query.content_id)};
  page found{.content = content->content};
  page_filler filler{found, query};
  content->order.walk(query, [&](std::int64_t position) {
    return filler.add(memory::find_at(content->comments, position));
  });
  return found;
}

COMMENTS_INLINE std::optional<content> memory_store::known_content(std::string_view id) const {
  if (is_deciding()) return std::nullopt;
  if (!state_->mutex.try_lock()) return std::nullopt;  // it may be searched
  const mutex_lock lock{state_->mutex, std::adopt_lock};
  const auto* known = state_->find_content(id);
  return known ? known->content : state_->unknown(id);
}

COMMENTS_INLINE result<std::vector<content>> memory_store::contents(
    std::span<const std::string> ids) const {
  if (is_deciding()) return called_back();
  const mutex_lock lock{state_->mutex};
  std::vector<content> found;
  for (const std::string& id : ids) {
    const auto* known = state_->find_content(id);
    found.push_back(known ? known->content : state_->unknown(id));
  }
  return found;
}

COMMENTS_INLINE result<std::vector<event>> memory_store::events(std::string_view content_id,
                                                                std::int64_t after,
                                                                std::size_t limit) const {
  if (is_deciding()) return called_back();
  const mutex_lock lock{state_->mutex};
  std::vector<event> found;
  const auto* content = state_->find_content(content_id);
  if (!content) return found;
  auto next = std::upper_bound(
      content->events.begin(), content->events.end(), after,
      [](std::int64_t version, const event& one) { return version < one.version; });
  for (; next != content->events.end() && found.size() < limit; ++next) found.push_back(*next);
  return found;
}

COMMENTS_INLINE result<std::vector<event>> memory_store::history(const comment_id& id,
                                                                 std::int64_t after,
                                                                 std::size_t limit) const {
  if (is_deciding()) return called_back();
  const mutex_lock lock{state_->mutex};
  std::vector<event> found;
  const comment* about = state_->find(id);
  if (!about) return found;
  for (const event& event : state_->find_content(about->content_id)->events)
    if (event.comment == id && event.kind != event_kind::voted && event.version > after &&
        found.size() < limit)
      found.push_back(event);
  return found;
}

COMMENTS_INLINE result<decision_page> memory_store::decisions(const decision_query& wanted) const {
  if (is_deciding()) return called_back();
  state& at = *state_;
  const mutex_lock lock{at.mutex};
  decision_page found;
  for (const auto& [id, content] : at.contents_by_id)
    for (const event& event : content.events)
      if (is_decision(event)) add(found, event, wanted);
  return found;
}

COMMENTS_INLINE result<std::vector<comments::report>> memory_store::reports_of(
    const comment_id& id, std::size_t limit) const {
  if (is_deciding()) return called_back();
  const mutex_lock lock{state_->mutex};
  std::vector<comments::report> found;
  const auto about = state_->places.find(id);
  if (about == state_->places.end()) return found;
  const auto& all = about->second.reports;
  const auto latest = static_cast<std::ptrdiff_t>(std::min(limit, all.size()));
  found.assign(all.rbegin(), all.rbegin() + latest);
  return found;
}

COMMENTS_INLINE result<search_result> memory_store::find_all(const search& wanted) const {
  if (is_deciding()) return called_back();
  const mutex_lock lock{state_->mutex};
  search_result found;
  auto place = wanted.after ? state_->places.upper_bound(*wanted.after) : state_->places.begin();
  while (place != state_->places.end() && add(found, *state_->find(place->first), wanted)) ++place;
  return found;
}

COMMENTS_INLINE result<std::vector<comments::vote>> memory_store::votes_of(
    const std::string& voter, std::optional<comment_id> after, std::size_t limit) const {
  if (is_deciding()) return called_back();
  const mutex_lock lock{state_->mutex};
  std::vector<comments::vote> found;
  auto about = after ? state_->places.upper_bound(*after) : state_->places.begin();
  for (; about != state_->places.end() && found.size() < limit; ++about)
    for (const memory::cast_vote& one : about->second.votes)
      if (one.voter == voter) found.push_back({about->first, about->second.content_id, one.at});
  return found;
}

COMMENTS_INLINE result<std::vector<made_report>> memory_store::reports_by(
    const std::string& reporter, std::optional<comment_id> after, std::size_t limit) const {
  if (is_deciding()) return called_back();
  const mutex_lock lock{state_->mutex};
  std::vector<made_report> found;
  auto about = after ? state_->places.upper_bound(*after) : state_->places.begin();
  for (; about != state_->places.end() && found.size() < limit; ++about)
    for (const auto& [name, reason, at] : about->second.reports)
      if (name == reporter) found.push_back({about->first, about->second.content_id, reason, at});
  return found;
}

COMMENTS_INLINE std::string_view memory_store::signing_key() const { return state_->signing_key; }

COMMENTS_INLINE std::uint64_t memory_store::epoch() const { return state_->epoch; }

COMMENTS_INLINE result<record_result> memory_store::record(const deployment& step, instant now) {
  if (is_deciding()) return called_back();
  const auto id = new_id(now);
  if (!id) return id.error();
  const mutex_lock lock{state_->mutex};
  for (const deployment& known : state_->deployments) {
    const bool is_same_run = !step.run.empty() && known.run == step.run &&
                             known.component == step.component && known.status == step.status;
    if (!is_same_run) continue;
    if (!is_retry_of(step, known)) return run_reused();
    return record_result{.stored = known, .replayed = true};
  }
  deployment made = step;
  made.id = *id;
  made.position = static_cast<std::int64_t>(state_->deployments.size()) + 1;
  made.date = now;
  record_result answer{.stored = made};
  state_->deployments.push_back(std::move(made));
  return answer;
}

COMMENTS_INLINE result<deployment_page> memory_store::deployments(
    const deployment_query& query) const {
  if (is_deciding()) return called_back();
  const mutex_lock lock{state_->mutex};
  deployment_page found;
  for (auto step = state_->deployments.rbegin(); step != state_->deployments.rend(); ++step) {
    if (query.before && step->position >= *query.before) continue;
    if (!query.component.empty() && step->component != query.component) continue;
    if (found.items.size() == query.limit) {
      if (!found.items.empty()) found.next = found.items.back().position;
      break;
    }
    found.items.push_back(*step);
  }
  return found;
}

}  // namespace comments::inline v0
