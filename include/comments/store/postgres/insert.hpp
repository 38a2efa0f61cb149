#pragma once
// store/postgres/insert.hpp - new comments, many in one transaction, in two round trips.
//
// The first trip locks what they touch (buckets, then contents, each in the order of their names,
// so that processes do not wait for each other in circles) and reads what each needs: the comment
// that its key made before, and its parent. Then all is decided here. The second trip writes and
// commits. A content that is new, or a reply that is too deep, takes one trip more.
//
//   const insertion wanted{.said = {.content_id = "1", .body = "Hello."}};
//   postgres::insert_progress progress;
//   const postgres::pending_insert pending{&wanted, now, make_comment_id(now), &progress};
//   std::atomic<bool> can_notify{true};
//   postgres::insert_batch::outcome outcome;
//   postgres::insert_batch batch{connection, {&pending, 1}, std::nullopt};
//   const postgres::ending end = batch.run({&outcome, 1}, {"this process ", &can_notify});
//   if (end.why != postgres::failure::none) return fail(postgres::to_error(end).message);

#include <comments/config.hpp>
#include <comments/store.hpp>
#include <comments/store/postgres/rows.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace comments::inline v0::postgres {

// What has happened to an insertion in the attempts so far.
struct insert_progress {
  bool is_locked{};  // another transaction held its content for too long
  bool may_exist{};  // a commit of it was in doubt: it is looked for before it is written again
};

// One call of `store::insert`.
struct pending_insert {
  const insertion* wanted{};
  instant now{};
  comment_id id{};
  insert_progress* progress{};  // the caller reads it when the call is over
};

// One attempt at several insertions. Used once, by one thread.
class insert_batch final {
 public:
  using outcome = std::optional<result<post_result>>;

  // Waits for locks for at most `lock_wait`, or without one for as long as the connection does.
  insert_batch(connection& on, std::span<const pending_insert> wanted,
               std::optional<std::chrono::milliseconds> lock_wait);

  // Returns how the transaction ended. If it was committed, outcomes[i] is the answer to wanted[i];
  // else the outcomes mean nothing.
  ending run(std::span<outcome> outcomes, const notifier& to);

 private:
  struct locked_content {
    content before{};  // as it was read
    content now{};
    std::size_t place{};
    bool is_new{};
    bool is_moved{};
  };
  struct shared_bucket {
    bucket now{};
    bucket before{};  // as it was read
    std::size_t place{};
    bool is_taken{};
  };
  // What is read about one draft before it is decided.
  struct lookup {
    std::optional<std::size_t> key{}, id{}, parent{};  // places of answers
    std::optional<comment> made{};                     // by its key
    std::int64_t fingerprint{};                        // of what made that
    std::optional<comment> existing{};                 // itself, by an attempt before
    bool has_parent{};                                 // that can be answered
    std::string above{};                               // the comment below which it will be
    std::string above_that{};                          // that one's parent
    std::int64_t depth{};                              // of `above`
  };
  // A comment that this batch has made.
  struct made_comment {
    comment made{};
    std::int64_t fingerprint{};
  };
  using name_pair = std::pair<std::string, std::string>;  // a content, and a client or a key

  static name_pair name_of(const draft& draft, const allowance& allowed);

  bool lock_and_read();
  bool add_new_contents();
  bool find_shallower_parents();
  void select_bucket(const name_pair& name, shared_bucket& selected);
  void select_for(const pending_insert& pending, lookup& found);
  std::size_t select_parent(const std::string& content_id, const std::string& id);
  void read_into(lookup& found);
  static void read_parent(lookup& found, const rows& from);

  result<post_result> decide(const pending_insert& pending, const lookup& found);
  static result<post_result> replay(const draft& draft, const comment& made, std::int64_t known);
  result<done> take_tokens(const pending_insert& pending);
  comment write(const pending_insert& pending, const lookup& found, locked_content& locked);
  void insert_comment(const comment& made, const draft& draft, const std::string& above);

  transaction writing_;
  const std::span<const pending_insert> wanted_;
  std::vector<lookup> lookups_;
  std::map<std::string, locked_content> contents_{};
  std::map<name_pair, shared_bucket> buckets_{};
  std::map<name_pair, made_comment> keys_{};
  moved_contents moved_{};
};

}  // namespace comments::inline v0::postgres

#ifndef COMMENTS_COMPILED
#include <comments/store/postgres/insert.ipp>
#endif
