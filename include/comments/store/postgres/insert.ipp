#pragma once
// store/postgres/insert.ipp - definitions of store/postgres/insert.hpp.

#include <comments/store/postgres/insert.hpp>

#include <comments/rate_limit.hpp>
#include <comments/store/algorithms.hpp>
#include <comments/store/sql_schema.hpp>

namespace comments::inline v0::postgres {

COMMENTS_INLINE insert_batch::insert_batch(connection& on, std::span<const pending_insert> wanted,
                                           std::optional<std::chrono::milliseconds> lock_wait)
    : writing_{on, transaction::writing}, wanted_{wanted}, lookups_(wanted.size()) {
  if (lock_wait) writing_.set_lock_wait(*lock_wait);
}

COMMENTS_INLINE ending insert_batch::run(std::span<outcome> outcomes, const notifier& to) {
  if (!lock_and_read() || !add_new_contents() || !find_shallower_parents()) return end_of(writing_);
  for (std::size_t i = 0; i < wanted_.size(); ++i) outcomes[i] = decide(wanted_[i], lookups_[i]);
  for (const auto& [content_id, locked] : contents_)
    if (locked.is_moved) update_content(writing_, locked.before, locked.now);
  for (const auto& [name, taken] : buckets_)
    if (taken.is_taken)
      writing_.send(
          "UPDATE bucket SET level = CASE WHEN level = $5 AND at = $6 THEN $3 END, at = $4 "
          "WHERE content_id = $1 AND client = $2",
          name.first, name.second, taken.now.level, taken.now.at, taken.before.level,
          taken.before.at);
  return commit_and_notify(writing_, moved_, to);
}

COMMENTS_INLINE bool insert_batch::lock_and_read() {
  for (const pending_insert& pending : wanted_) {
    contents_.try_emplace(pending.wanted->said.content_id);
    for (const allowance& allowed : pending.wanted->allowances)
      buckets_.try_emplace(name_of(pending.wanted->said, allowed),
                           shared_bucket{token_rate{allowed.allowed}.fresh(pending.now)});
  }
  for (auto& [name, selected] : buckets_) select_bucket(name, selected);
  for (auto& [content_id, locked] : contents_)
    locked.place = select_locked_content(writing_, content_id);
  for (std::size_t i = 0; i < wanted_.size(); ++i) select_for(wanted_[i], lookups_[i]);
  if (!writing_.receive()) return false;
  for (auto& [name, selected] : buckets_) {
    const rows found = writing_.rows(selected.place);
    if (!found.empty()) selected.now = {found.number(0, 0), found.number(0, 1)};
    selected.before = selected.now;
  }
  for (auto& [content_id, locked] : contents_) {
    locked.before = locked.now = read_content(writing_.rows(locked.place), content_id);
    locked.is_new = writing_.rows(locked.place).empty();
  }
  for (lookup& found : lookups_) read_into(found);
  return true;
}

// Another process may add the same contents at the same moment, so what belongs to them is read
// again once they are locked.
COMMENTS_INLINE bool insert_batch::add_new_contents() {
  bool has_any = false;
  for (auto& [content_id, locked] : contents_)
    if (locked.is_new) {
      has_any = true;
      insert_content(writing_, content_id);
      locked.place = select_locked_content(writing_, content_id);
    }
  if (!has_any) return true;
  const auto is_new = [&](std::size_t i) {
    return contents_[wanted_[i].wanted->said.content_id].is_new;
  };
  for (std::size_t i = 0; i < wanted_.size(); ++i)
    if (is_new(i)) select_for(wanted_[i], lookups_[i]);
  if (!writing_.receive()) return false;
  for (auto& [content_id, locked] : contents_)
    if (locked.is_new)
      locked.before = locked.now = read_content(writing_.rows(locked.place), content_id);
  for (std::size_t i = 0; i < wanted_.size(); ++i)
    if (is_new(i)) read_into(lookups_[i]);
  return true;
}

// The bucket of a client belongs to no content: it is kept under the client's name twice.
COMMENTS_INLINE insert_batch::name_pair insert_batch::name_of(const draft& draft,
                                                              const allowance& allowed) {
  if (allowed.client.empty()) return {draft.content_id, ""};
  return {allowed.client, allowed.client};
}

COMMENTS_INLINE void insert_batch::select_bucket(const name_pair& name, shared_bucket& selected) {
  writing_.send(
      "INSERT INTO bucket (content_id, client, level, at) VALUES ($1, $2, $3, $4) "
      "ON CONFLICT (content_id, client) DO NOTHING",
      name.first, name.second, selected.now.level, selected.now.at);
  selected.place =
      writing_.send("SELECT level, at FROM bucket WHERE content_id = $1 AND client = $2 FOR UPDATE",
                    name.first, name.second);
}

COMMENTS_INLINE void insert_batch::select_for(const pending_insert& pending, lookup& found) {
  static const std::string by_key = "SELECT " + std::string{sql_schema::comment_columns} +
                                    ", request_fingerprint FROM comment WHERE content_id = $1 "
                                    "AND request_key = $2";
  const draft& draft = pending.wanted->said;
  found = {};
  if (!draft.key.empty()) found.key = writing_.send(by_key, draft.content_id, draft.key);
  if (pending.progress->may_exist)
    found.id = select_comment(writing_, draft.content_id, to_string(pending.id));
  if (draft.parent) found.parent = select_parent(draft.content_id, to_string(*draft.parent));
}

COMMENTS_INLINE std::size_t insert_batch::select_parent(const std::string& content_id,
                                                        const std::string& id) {
  return writing_.send(
      "SELECT depth, parent_id, status, id FROM comment WHERE content_id = $1 AND id = $2",
      content_id, id);
}

COMMENTS_INLINE void insert_batch::read_into(lookup& found) {
  if (found.key)
    if (const rows by_key = writing_.rows(*found.key); !by_key.empty()) {
      found.made = read_comment(by_key, 0);
      found.fingerprint = by_key.number(0, 24);  // behind the columns of a comment
    }
  if (found.id)
    if (const rows by_id = writing_.rows(*found.id); !by_id.empty())
      found.existing = read_comment(by_id, 0);
  if (!found.parent) return;
  const rows parent = writing_.rows(*found.parent);
  found.has_parent = !parent.empty() && parent.text(0, 2) == to_text(status::published);
  if (found.has_parent) read_parent(found, parent);
}

COMMENTS_INLINE void insert_batch::read_parent(lookup& found, const rows& from) {
  found.depth = from.number(0, 0);
  found.above_that = from.text(0, 1);
  found.above = from.text(0, 3);
}

// A reply whose parent is as deep as comments may be is put below the parent's nearest ancestor
// that is less deep.
COMMENTS_INLINE bool insert_batch::find_shallower_parents() {
  const auto is_too_deep = [&](std::size_t i) {
    return lookups_[i].has_parent && lookups_[i].depth >= wanted_[i].wanted->depth_max &&
           !lookups_[i].above_that.empty();
  };
  for (;;) {
    std::vector<std::size_t> too_deep;
    for (std::size_t i = 0; i < wanted_.size(); ++i)
      if (is_too_deep(i)) too_deep.push_back(i);
    if (too_deep.empty()) return true;
    for (const std::size_t i : too_deep)
      lookups_[i].parent =
          select_parent(wanted_[i].wanted->said.content_id, lookups_[i].above_that);
    if (!writing_.receive()) return false;
    for (const std::size_t i : too_deep) {
      const rows found = writing_.rows(*lookups_[i].parent);
      if (found.empty())
        lookups_[i].above_that.clear();  // the ancestor is missing, so it stays where it is
      else
        read_parent(lookups_[i], found);
    }
  }
}

COMMENTS_INLINE result<post_result> insert_batch::decide(const pending_insert& pending,
                                                         const lookup& found) {
  const draft& draft = pending.wanted->said;
  if (found.existing) return post_result{.stored = *found.existing};
  if (found.made) return replay(draft, *found.made, found.fingerprint);
  const auto before = keys_.find({draft.content_id, draft.key});
  if (!draft.key.empty() && before != keys_.end())
    return replay(draft, before->second.made, before->second.fingerprint);
  locked_content& locked = contents_.find(draft.content_id)->second;
  if (!is_met(pending.wanted->expected, locked.now)) return version_moved();
  if (draft.parent && !found.has_parent) return parent_not_found();
  if (auto allowed = take_tokens(pending); !allowed) return std::move(allowed).error();
  comment made = write(pending, found, locked);
  if (!draft.key.empty())
    keys_.emplace(name_pair{draft.content_id, draft.key}, made_comment{made, fingerprint(draft)});
  return post_result{.stored = std::move(made)};
}

COMMENTS_INLINE result<post_result> insert_batch::replay(const draft& draft, const comment& made,
                                                         std::int64_t known) {
  if (known != fingerprint(draft) && made.status != status::removed) return key_reused();
  return post_result{.stored = made, .replayed = true};
}

// Takes from all allowances, or from none.
COMMENTS_INLINE result<done> insert_batch::take_tokens(const pending_insert& pending) {
  for (const bool is_taking : {false, true})
    for (const allowance& allowed : pending.wanted->allowances) {
      shared_bucket& from = buckets_.find(name_of(pending.wanted->said, allowed))->second;
      const quota left = token_rate{allowed.allowed}.ask(from.now, pending.now, is_taking);
      if (!left.is_allowed) return too_often(left);
      from.is_taken = from.is_taken || is_taking;
    }
  return ok();
}

COMMENTS_INLINE comment insert_batch::write(const pending_insert& pending, const lookup& found,
                                            locked_content& locked) {
  const draft& draft = pending.wanted->said;
  const bool is_shown = pending.wanted->status == status::published;
  const std::int64_t version = ++locked.now.version;
  locked.now.comments += is_shown;
  if (!std::exchange(locked.is_moved, true)) moved_.push_back(draft.content_id);
  comment made = to_comment(*pending.wanted, pending.id, version, pending.now);
  made.parent = parse_comment_id(found.above);
  made.depth = found.has_parent ? found.depth + 1 : 0;
  insert_comment(made, draft, found.above);
  if (is_shown && found.has_parent)
    writing_.send(
        "UPDATE comment SET replies = replies + 1, version = $3 WHERE content_id = $1 "
        "AND id = $2",
        draft.content_id, found.above, version);
  event cause = to_event(*pending.wanted);
  cause.content_id = draft.content_id;
  cause.version = version;
  cause.comment = pending.id;
  cause.at = pending.now;
  insert_event(writing_, cause);
  return made;
}

COMMENTS_INLINE void insert_batch::insert_comment(const comment& made, const draft& draft,
                                                  const std::string& above) {
  const parameter key{draft.key, !draft.key.empty()};
  const author& by = made.author;
  writing_.send(
      "INSERT INTO comment (content_id, position, id, parent_id, status, author_name, "
      "author_email, author_url, author_verified, author_subject, body, votes, replies, reports, "
      "created_at, version, request_key, request_fingerprint, encoded, reply_to, depth, listed, "
      "origin, email_shown, browser, held) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, "
      "0, 0, 0, $12, $2, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)",
      made.content_id, made.position, to_string(made.id), above, to_text(made.status), by.name,
      by.email, by.url, std::int64_t{by.verified}, by.subject, made.body,
      to_milliseconds(made.created_at), key, fingerprint(draft), made.encoded,
      draft.parent ? to_string(*draft.parent) : "", made.depth, std::int64_t{is_visible(made)},
      made.origin, std::int64_t{by.email_shown}, made.browser, std::int64_t{made.held});
}

}  // namespace comments::inline v0::postgres
