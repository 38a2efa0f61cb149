#pragma once
// store/postgres/insert.hpp - new comments, many in one transaction, in two round trips.
//
// The first trip locks what they touch (buckets, then contents, each in one order everywhere, so
// that nodes do not wait for each other in circles) and reads what each needs: what its key made
// before, and where its parent is. Then everything is decided here, and the second trip writes it
// and commits. A content that is new, or a reply past the depth cap, takes one trip more.
//
//   postgres::insert_batch batch{connection, insertions};
//   const auto end = batch.run(outcomes, node, is_notifying);

#include <comments/rate_limit.hpp>
#include <comments/store.hpp>
#include <comments/store/postgres/rows.hpp>
#include <comments/store/sql_schema.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments::postgres {

// What has become of a draft so far.
struct insert_progress {
  bool is_locked{};  // somebody else held its content for too long
  bool may_exist{};  // a commit of it was in doubt: it is looked for before it is made again
};

// An insertion that waits for its commit.
struct pending_insert {
  const insertion* wanted{};
  instant now{};
  comment_id id{};
  insert_progress* progress{};  // its caller's
};

// Tells other nodes of what a unit of work has moved, behind its commit.
struct announcement {
  std::string_view node{};           // whose own news these are
  std::atomic<bool>* is_possible{};  // until the database says that it cannot
};

// Commits, and says how it went.
inline ending finish(work& writing, const changes& noted, const announcement& to) {
  writing.commit([&] {
    if (!*to.is_possible) return;
    for (const std::string& content_id : noted.moved) notify(writing, to.node, content_id);
  });
  const failure why = writing.follow_up_failed();
  if (why != failure::none && why != failure::lost) *to.is_possible = false;
  return end_of(writing);
}

class insert_batch final {
 public:
  using outcome = std::optional<result<post_result>>;

  // With a `patience` locks are waited for that long, else as long as the connection says.
  insert_batch(connection& on, std::span<const pending_insert> wanted,
               std::optional<std::chrono::milliseconds> patience)
      : writing_{on, work::writing}, wanted_{wanted}, looks_(wanted.size()) {
    if (patience) writing_.wait_for_locks(*patience);
  }

  // Unless it ends well, the outcomes mean nothing.
  ending run(std::span<outcome> outcomes, const announcement& to) {
    if (!look() || !look_into_new_contents() || !climb()) return {writing_.failed()};
    for (std::size_t i = 0; i < wanted_.size(); ++i) outcomes[i] = decide(wanted_[i], looks_[i]);
    for (const auto& [content_id, home] : homes_)
      if (home.is_moved) write_content(writing_, home.now);
    for (const auto& [name, one] : buckets_)
      if (one.is_taken)
        writing_.ask("UPDATE bucket SET level = $3, at = $4 WHERE content_id = $1 AND client = $2",
                     name.first, name.second, one.now.level, one.now.at);
    return finish(writing_, noted_, to);
  }

 private:
  struct locked_content {
    content now{};
    std::size_t place{};
    bool is_new{};
    bool is_moved{};
  };
  struct shared_bucket {
    bucket now{};
    std::size_t place{};
    bool is_taken{};
  };
  // What is known of one draft before it is decided about.
  struct look_up {
    std::optional<std::size_t> key{}, id{}, parent{};  // places
    std::optional<comment> made{};                     // by its key
    std::int64_t fingerprint{};                        // of what made that
    std::optional<comment> stands{};                   // itself, from an attempt before
    bool has_parent{};                                 // one that can be answered
    std::string above{};                               // below which it will hang
    std::string next{};                                // that one's parent
    std::int64_t depth{};                              // of `above`
  };
  using bucket_name = std::pair<std::string, std::string>;  // content, client

  bool look() {
    for (const pending_insert& one : wanted_) {
      homes_.try_emplace(one.wanted->said.content_id);
      for (const allowance& each : one.wanted->allowances)
        buckets_.try_emplace(name_of(one.wanted->said, each),
                             shared_bucket{token_rate{each.allowed}.fresh(one.now)});
    }
    for (auto& [name, one] : buckets_) ask_bucket(name, one);
    for (auto& [content_id, home] : homes_) home.place = ask_locked(writing_, content_id);
    for (std::size_t i = 0; i < wanted_.size(); ++i) ask_for(wanted_[i], looks_[i]);
    if (!writing_.run()) return false;
    for (auto& [name, one] : buckets_) {
      const rows found = writing_.rows(one.place);
      if (!found.empty()) one.now = {found.number(0, 0), found.number(0, 1)};
    }
    for (auto& [content_id, home] : homes_) {
      home.now = read_content(writing_.rows(home.place), content_id);
      home.is_new = writing_.rows(home.place).empty();
    }
    for (std::size_t i = 0; i < wanted_.size(); ++i) read_for(looks_[i]);
    return true;
  }

  // Somebody else may make them at the same moment: after that nothing that was read holds.
  bool look_into_new_contents() {
    bool has_any = false;
    for (auto& [content_id, home] : homes_)
      if (home.is_new) {
        has_any = true;
        make_content(writing_, content_id);
        home.place = ask_locked(writing_, content_id);
      }
    if (!has_any) return true;
    const auto is_new = [&](std::size_t i) {
      return homes_[wanted_[i].wanted->said.content_id].is_new;
    };
    for (std::size_t i = 0; i < wanted_.size(); ++i)
      if (is_new(i)) ask_for(wanted_[i], looks_[i]);
    if (!writing_.run()) return false;
    for (auto& [content_id, home] : homes_)
      if (home.is_new) home.now = read_content(writing_.rows(home.place), content_id);
    for (std::size_t i = 0; i < wanted_.size(); ++i)
      if (is_new(i)) read_for(looks_[i]);
    return true;
  }

  static bucket_name name_of(const draft& draft, const allowance& one) {
    // A client's bucket belongs to no content: it stands under its own name.
    return one.client.empty() ? bucket_name{draft.content_id, ""}
                              : bucket_name{one.client, one.client};
  }

  void ask_bucket(const bucket_name& name, shared_bucket& one) {
    writing_.ask(
        "INSERT INTO bucket (content_id, client, level, at) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (content_id, client) DO NOTHING",
        name.first, name.second, one.now.level, one.now.at);
    one.place = writing_.ask(
        "SELECT level, at FROM bucket WHERE content_id = $1 AND client = $2 FOR UPDATE", name.first,
        name.second);
  }

  void ask_for(const pending_insert& one, look_up& look) {
    static const std::string by_key = "SELECT " + std::string{sql_schema::comment_columns} +
                                      ", request_fingerprint FROM comment WHERE content_id = $1 "
                                      "AND request_key = $2";
    const draft& draft = one.wanted->said;
    look = {};
    if (!draft.key.empty()) look.key = writing_.ask(by_key, draft.content_id, draft.key);
    if (one.progress->may_exist)
      look.id = ask_comment(writing_, draft.content_id, to_string(one.id));
    if (draft.parent) look.parent = ask_place(draft.content_id, to_string(*draft.parent));
  }

  std::size_t ask_place(const std::string& content_id, const std::string& id) {
    return writing_.ask(
        "SELECT depth, parent_id, status, id FROM comment WHERE content_id = $1 AND id = $2",
        content_id, id);
  }

  void read_for(look_up& look) {
    if (look.key)
      if (const rows found = writing_.rows(*look.key); !found.empty()) {
        look.made = read_comment(found, 0);
        look.fingerprint = found.number(0, 21);
      }
    if (look.id)
      if (const rows found = writing_.rows(*look.id); !found.empty())
        look.stands = read_comment(found, 0);
    if (!look.parent) return;
    const rows found = writing_.rows(*look.parent);
    look.has_parent = !found.empty() && found.text(0, 2) == to_text(status::published);
    if (look.has_parent) move_up(look, found);
  }

  static void move_up(look_up& look, const rows& found) {
    look.depth = found.number(0, 0);
    look.next = found.text(0, 1);
    look.above = found.text(0, 3);
  }

  // Those whose parent is as deep as may be hang below the nearest ancestor that is less deep.
  bool climb() {
    const auto is_too_deep = [&](std::size_t i) {
      return looks_[i].has_parent && looks_[i].depth >= wanted_[i].wanted->depth_max &&
             !looks_[i].next.empty();
    };
    for (;;) {
      std::vector<std::size_t> climbing;
      for (std::size_t i = 0; i < wanted_.size(); ++i)
        if (is_too_deep(i)) climbing.push_back(i);
      if (climbing.empty()) return true;
      for (const std::size_t i : climbing)
        looks_[i].parent = ask_place(wanted_[i].wanted->said.content_id, looks_[i].next);
      if (!writing_.run()) return false;
      for (const std::size_t i : climbing) {
        const rows found = writing_.rows(*looks_[i].parent);
        if (found.empty()) looks_[i].next.clear();  // it hangs where it is
        if (!found.empty()) move_up(looks_[i], found);
      }
    }
  }

  result<post_result> decide(const pending_insert& one, const look_up& look) {
    const draft& draft = one.wanted->said;
    if (look.stands) return post_result{.stored = *look.stands};
    if (look.made) return replay(draft, *look.made, look.fingerprint);
    const auto before = keys_.find({draft.content_id, draft.key});
    if (!draft.key.empty() && before != keys_.end())
      return replay(draft, before->second.made, before->second.fingerprint);
    locked_content& home = homes_.find(draft.content_id)->second;
    if (!is_met(one.wanted->expected, home.now)) return version_moved();
    if (draft.parent && !look.has_parent) return parent_not_found();
    if (auto allowed = take_tokens(one); !allowed) return std::move(allowed).error();
    comment made = write(one, look, home);
    if (!draft.key.empty())
      keys_.emplace(bucket_name{draft.content_id, draft.key}, earlier{made, fingerprint(draft)});
    return post_result{.stored = std::move(made)};
  }

  static result<post_result> replay(const draft& draft, const comment& made, std::int64_t known) {
    if (known != fingerprint(draft) && made.status != status::removed) return key_reused();
    return post_result{.stored = made, .replayed = true};
  }

  // From all of them, or from none.
  result<done> take_tokens(const pending_insert& one) {
    for (const bool is_taking : {false, true})
      for (const allowance& each : one.wanted->allowances) {
        shared_bucket& from = buckets_.find(name_of(one.wanted->said, each))->second;
        const quota left = token_rate{each.allowed}.ask(from.now, one.now, is_taking);
        if (!left.is_allowed) return too_often(left);
        from.is_taken = from.is_taken || is_taking;
      }
    return ok();
  }

  comment write(const pending_insert& one, const look_up& look, locked_content& home) {
    const draft& draft = one.wanted->said;
    const bool is_shown = one.wanted->status == status::published;
    const std::int64_t version = ++home.now.version;
    home.now.comments += is_shown;
    if (!std::exchange(home.is_moved, true)) noted_.moved.push_back(draft.content_id);
    comment made = to_comment(*one.wanted, one.id, version, one.now);
    made.parent = parse_comment_id(look.above);
    made.depth = look.has_parent ? look.depth + 1 : 0;
    write_comment(made, draft, look.above);
    if (is_shown && look.has_parent)
      writing_.ask(
          "UPDATE comment SET replies = replies + 1, version = $3 WHERE content_id = $1 "
          "AND id = $2",
          draft.content_id, look.above, version);
    event cause = to_event(*one.wanted);
    cause.content_id = draft.content_id;
    cause.version = version;
    cause.comment = one.id;
    cause.at = one.now;
    append_event(writing_, cause);
    return made;
  }

  void write_comment(const comment& made, const draft& draft, const std::string& above) {
    const parameter key{draft.key, !draft.key.empty()};
    const author& by = made.author;
    writing_.ask(
        "INSERT INTO comment (content_id, position, id, parent_id, status, author_name, "
        "author_email, author_url, author_verified, author_subject, body, votes, replies, reports, "
        "created_at, version, request_key, request_fingerprint, encoded, reply_to, depth, listed, "
        "origin) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0, 0, $12, $2, $13, $14, "
        "$15, $16, $17, $18, $19)",
        made.content_id, made.position, to_string(made.id), above, to_text(made.status), by.name,
        by.email, by.url, std::int64_t{by.verified}, by.subject, made.body,
        to_milliseconds(made.created_at), key, fingerprint(draft), made.encoded,
        draft.parent ? to_string(*draft.parent) : "", made.depth, std::int64_t{is_visible(made)},
        made.origin);
  }

  struct earlier {
    comment made{};
    std::int64_t fingerprint{};
  };

  work writing_;
  const std::span<const pending_insert> wanted_;
  std::vector<look_up> looks_;
  std::map<std::string, locked_content> homes_{};
  std::map<bucket_name, shared_bucket> buckets_{};
  std::map<bucket_name, earlier> keys_{};  // of this batch
  changes noted_{};
};

}  // namespace comments::postgres
