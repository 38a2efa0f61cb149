#pragma once
// lmdb_store.hpp - a store of your own that keeps every promise: comments in one file of LMDB.
//
// It has the steps of own_store.hpp, on a database of ordered keys (lmdb_rows.hpp). A write is one
// transaction, which is on disk before it is acknowledged. Readers see a snapshot and never wait
// for a writer. One process has the file at a time. LMDB trusts the bytes of its file, so keep it
// on a disk of your own. A vote and a report look through those of the same comment.
// tests/store/lmdb_store_test.cpp runs the contract on it, and shows what only its own means can
// show: a full disk, a commit in doubt, a kill, and what an answer costs.
//
//     const auto opened = lmdb::lmdb_store::open("comments.lmdb");
//     if (!opened) return 1;
//     comments::service service{**opened};

#include <comments/guarded.hpp>
#include <comments/id.hpp>
#include <comments/rate_limit.hpp>
#include <comments/store.hpp>
#include <comments/store/algorithms.hpp>

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lmdb_rows.hpp"

namespace lmdb {

struct lmdb_options {
  std::size_t map_bytes_max{std::size_t{1} << 30};  // of the file; a write past it is `unavailable`
  unsigned readers_max{126};  // that read at once; others wait for one of them
};

// What stands in the table `setting`.
constexpr std::string_view schema_name = "schema", key_name = "signing_key";
constexpr std::int64_t schema_newest = 1;

class lmdb_store final : public store {
 public:
  // Opens the file, or makes it. `unavailable`, with a sentence for the operator, if it cannot be
  // opened, is in use, is not this store's, or was written by a newer version; then it is left as
  // it was.
  static result<std::unique_ptr<lmdb_store>> open(const std::string& path,
                                                  const lmdb_options& options = {}) {
    std::unique_ptr<lmdb_store> made{new lmdb_store{path, options}};
    if (auto opened = made->open_file(); !opened) return std::move(opened).error();
    return made;
  }

  result<post_result> insert(const insertion& wanted, instant now) override {
    const auto id = new_id(wanted, now);
    if (!id) return id.error();
    bool has_taken = false;
    auto made = write<post_result>([&](rows& in) -> result<post_result> {
      auto posted = post(in, wanted, *id, now);
      if (!posted || posted->replayed || in.failure() != 0) return posted;
      // The last step, because only a comment that is stored takes from its allowances.
      if (auto taken = take_tokens(buckets_, wanted, now); !taken) return taken.error();
      has_taken = true;
      return posted;
    });
    if (has_taken && !made && made.error().code != errc::in_doubt)
      give_back_tokens(buckets_, wanted);
    return made;
  }

  result<comment> amend(const comment_id& id, const decider& decide, instant now) override {
    return write<comment>([&](rows& in) -> result<comment> {
      const auto stands = in.find(id);
      if (!stands) return comment_not_found();
      auto decided = ask(decide, *stands);  // `decide` may throw, or call the store
      if (!decided) return decided.error();
      comment after = comments::amend(*stands, decided->changed);
      content current = in.find_content(after.content_id);
      in.append(current, decided->cause, id, now);
      after.version = current.version;
      if (after.status == status::removed) {
        erase_text(after);
        in.erase_traces(id);
      }
      in.save(stands, after);
      in.settle(current, after.parent, int{is_visible(after)} - int{is_visible(*stands)},
                int{is_listed(after)} - int{is_listed(*stands)});
      in.save(current);
      return after;
    });
  }

  result<comment> vote(const comment_id& id, const voter& by, bool is_there, instant now) override {
    return write<comment>([&](rows& in) -> result<comment> {
      const auto about = in.find(id);
      if (!about || (is_there && !is_visible(*about))) return comment_not_found();
      std::vector<std::string> theirs;
      network_count neighbours{by};
      in.walk_opinions(votes, id, [&](const opinion& cast) {
        const bool is_theirs =
            is_there ? is_by(by, cast.by, cast.detail) : may_take_back(by, cast.by, cast.detail);
        if (is_theirs) theirs.push_back(cast.key);
        neighbours.add(cast.by);
        return true;
      });
      if (theirs.empty() != is_there) return *about;
      if (is_there && neighbours.is_full()) return network_used_up();
      if (is_there) in.add(votes, {{}, by.name, browser_of_vote(by), about->content_id}, id, now);
      for (const std::string& key : theirs) in.erase(votes, key);
      content current = in.find_content(about->content_id);
      in.append(current, {.kind = event_kind::voted}, id, now);
      in.save(current);
      comment after = *about;
      after.votes += is_there ? 1 : -std::ssize(theirs);
      after.version = current.version;
      in.save(about, after);
      return after;
    });
  }

  result<comment> report(const comment_id& id, const voter& by, const std::string& reason,
                         instant now) override {
    return write<comment>([&](rows& in) -> result<comment> {
      const auto about = in.find(id);
      if (!about || !is_visible(*about)) return comment_not_found();
      bool is_known = false;
      network_count neighbours{by};
      in.walk_opinions(reports, id, [&](const opinion& said) {
        is_known = is_known || is_by(by, said.by);
        neighbours.add(said.by);
        return !is_known;
      });
      if (is_known) return *about;
      if (neighbours.is_full()) return network_used_up();
      in.add(reports, {{}, by.name, reason, about->content_id}, id, now);
      comment after = *about;
      ++after.reports;
      in.save(about, after);
      return after;
    });
  }

  result<content> set_status(const std::string& content_id, std::optional<content_status> status,
                             std::optional<std::int64_t> expected, const event& cause,
                             instant now) override {
    return write<content>([&](rows& in) -> result<content> {
      if (!has_room(content_id)) return content_too_long();
      content current = in.find_content(content_id);
      if (expected && *expected != current.version) return version_moved();
      in.append(current, cause, {}, now);
      current.status = status;
      in.save(current);
      return current;
    });
  }

  result<std::size_t> forget_origins(instant before, std::size_t limit) override {
    return write<std::size_t>([&](rows& in) -> result<std::size_t> {
      std::size_t erased = 0;
      for (const std::string& key : in.aged(origins, before, limit)) {
        const auto stands = in.must_find(first_id(key));
        if (!stands) break;
        comment after = *stands;
        after.origin.clear();
        in.save(stands, after);
        ++erased;
      }
      for (const opinion_tables& of : {votes, reports})
        for (const std::string& key : in.aged(of.kind, before, limit)) {
          in.erase(of, key);
          ++erased;
        }
      return erased;
    });
  }

  result<done> forget_reporter(const std::string& reporter) override {
    return write<done>([&](rows& in) {
      for (const opinion& said : in.opinions_by(reports, reporter, {}, SIZE_MAX))
        in.erase(reports, said.key);
      return ok();
    });
  }

  result<comment> find(const comment_id& id) const override {
    return read<comment>([&](rows& in) -> result<comment> {
      const auto found = in.find(id);
      if (!found) return comment_not_found();
      return *found;
    });
  }

  result<page> list(const query& query) const override {
    return read<page>([&](rows& in) {
      page found{.content = in.find_content(query.content_id)};
      page_filler filler{found, query};
      in.walk_list(query, [&](comment listed) { return filler.add(std::move(listed)); });
      return found;
    });
  }

  result<std::vector<content>> contents(std::span<const std::string> ids) const override {
    return read<std::vector<content>>([&](rows& in) {
      std::vector<content> found;
      for (const std::string& id : ids) found.push_back(in.find_content(id));
      return found;
    });
  }

  result<std::vector<event>> events(std::string_view content_id, std::int64_t after,
                                    std::size_t limit) const override {
    return read<std::vector<event>>(
        [&](rows& in) { return in.find_events(table::event, text(content_id), after, limit); });
  }

  result<std::vector<event>> history(const comment_id& id, std::int64_t after,
                                     std::size_t limit) const override {
    return read<std::vector<event>>(
        [&](rows& in) { return in.find_events(table::history, bytes(id), after, limit); });
  }

  result<decision_page> decisions(const decision_query& wanted) const override {
    return read<decision_page>([&](rows& in) {
      decision_page found;
      in.walk_decisions(wanted, [&](event done) {
        add(found, std::move(done), wanted);
        return !found.next && wanted.limit > 0;
      });
      return found;
    });
  }

  result<std::vector<comments::report>> reports_of(const comment_id& id,
                                                   std::size_t limit) const override {
    return read<std::vector<comments::report>>([&](rows& in) {
      std::vector<comments::report> found;
      in.walk_opinions(reports, id, [&](const opinion& said) {
        if (found.size() == limit) return false;
        found.push_back({said.by, said.detail, said.at()});
        return true;
      });
      return found;
    });
  }

  result<search_result> find_all(const search& wanted) const override {
    return read<search_result>([&](rows& in) {
      search_result found;
      in.walk_search(wanted, [&](const comment& searched) { return add(found, searched, wanted); });
      return found;
    });
  }

  result<std::vector<comments::vote>> votes_of(const std::string& voter,
                                               std::optional<comment_id> after,
                                               std::size_t limit) const override {
    return read<std::vector<comments::vote>>([&](rows& in) {
      std::vector<comments::vote> found;
      for (const opinion& cast : in.opinions_by(votes, voter, after, limit))
        found.push_back({cast.about(), cast.content_id, cast.at()});
      return found;
    });
  }

  result<std::vector<made_report>> reports_by(const std::string& reporter,
                                              std::optional<comment_id> after,
                                              std::size_t limit) const override {
    return read<std::vector<made_report>>([&](rows& in) {
      std::vector<made_report> found;
      for (const opinion& said : in.opinions_by(reports, reporter, after, limit))
        found.push_back({said.about(), said.content_id, said.detail, said.at()});
      return found;
    });
  }

  std::string_view signing_key() const override { return signing_key_; }

  bool is_writable() const override { return is_trusted_; }

  // Opens the file again after a commit in doubt: LMDB then goes on from the last commit that it
  // finds whole.
  void recover() override {
    if (is_trusted_ || is_deciding()) return;
    const std::unique_lock alone{is_used_};
    if (is_trusted_) return;
    const auto opened = guarded([&] { return open_file(); });
    is_trusted_ = opened && *opened;
  }

 private:
  lmdb_store(std::string path, const lmdb_options& options)
      : path_{std::move(path)}, options_{options} {}

  static result<post_result> post(rows& in, const insertion& wanted, const comment_id& id,
                                  instant now) {
    const draft& draft = wanted.said;
    if (!has_room(draft.content_id)) return content_too_long();
    if (const auto used = in.find_key(draft)) {  // before all else: a retry is answered as ever
      const auto made = in.must_find(used->made);
      if (!made) return unavailable();
      if (used->fingerprint != fingerprint(draft) && made->status != status::removed)
        return key_reused();
      return post_result{.stored = *made, .replayed = true};
    }
    content current = in.find_content(draft.content_id);
    if (!is_met(wanted.expected, current)) return version_moved();
    auto parent = draft.parent ? in.find(*draft.parent) : std::nullopt;
    const bool is_there = parent && parent->content_id == current.content_id && is_visible(*parent);
    if (draft.parent && !is_there) return parent_not_found();
    while (parent && parent->depth >= wanted.depth_max && parent->parent)
      parent = in.must_find(*parent->parent);
    comment made = to_comment(wanted, id, current.version + 1, now);
    if (parent) made.parent = parent->id;
    made.depth = parent ? parent->depth + 1 : 0;
    in.append(current, to_event(wanted), id, now);
    in.save(std::nullopt, made);
    in.save_key(draft, id);
    const int shown = is_visible(made);
    in.settle(current, made.parent, shown, shown);
    in.save(current);
    return post_result{.stored = made};
  }

  // Runs `work` in a transaction, which is committed if it succeeds. A decider that calls the store
  // would wait for the transaction of its own call, so it is refused.
  template <typename T, typename Work>
  result<T> write(const Work& work) {
    if (is_deciding()) return called_back();
    std::shared_lock in_use{is_used_};
    if (!environment_) return unavailable();
    rows in{*environment_, transaction::kind::writing};
    result<T> answer = unavailable();
    if (in.failure() == 0) answer = work(in);
    if (answer) in.commit();
    if (in.failure() == 0) return answer;
    if (!in.is_in_doubt()) return to_error(in.failure());
    is_trusted_ = false;
    in_use.unlock();
    recover();
    return in_doubt();
  }

  template <typename T, typename Work>
  result<T> read(const Work& work) const {
    if (is_deciding()) return called_back();
    const std::shared_lock in_use{is_used_};
    if (!environment_) return unavailable();
    rows in{*environment_, transaction::kind::reading};
    result<T> answer = unavailable();
    if (in.failure() == 0) answer = work(in);
    if (in.failure() != 0) return to_error(in.failure());
    return answer;
  }

  static error to_error(int failure) {
    if (failure == MDB_MAP_FULL) return {errc::unavailable, "The store's file is full."};
    if (failure == ENOSPC || failure == EDQUOT || failure == EFBIG)
      return {errc::unavailable, "The store's disk is full."};
    return unavailable();
  }

  static bool has_room(std::string_view content_id) {
    return text(content_id).size() <= content_key_bytes_max;
  }
  static error content_too_long() {
    return {errc::invalid, "The content's id is too long.", {{"/content_id", "too_long"}}};
  }
  static error unusable(const std::string& why) {
    return {errc::unavailable, "The store's file cannot be used: " + why + "."};
  }

  result<done> open_file() {
    environment_.reset();
    auto made = std::make_unique<environment>(std::max(1U, options_.readers_max));
    made->lock = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (made->lock < 0) return unusable("it cannot be opened");
    if (::flock(made->lock, LOCK_EX | LOCK_NB) != 0) return unusable("another process has it");
    const bool is_open =
        mdb_env_create(&made->handle) == 0 &&
        mdb_env_set_mapsize(made->handle, options_.map_bytes_max) == 0 &&
        mdb_env_set_maxdbs(made->handle, tables) == 0 &&
        mdb_env_set_maxreaders(made->handle, std::max(1U, options_.readers_max)) == 0 &&
        mdb_env_open(made->handle, path_.c_str(), MDB_NOSUBDIR | MDB_NOTLS, 0600) == 0;
    if (!is_open) return unusable("LMDB cannot open it");
    if (auto known = read_settings(*made); !known) return known;
    if (!sync_folder()) return unusable("its folder cannot be synced");
    environment_ = std::move(made);
    return ok();
  }

  result<done> read_settings(environment& from) {
    rows in{from, transaction::kind::writing};
    const bool is_new = in.open_tables();
    auto schema = in.get(table::setting, schema_name), key = in.get(table::setting, key_name);
    if (is_new) {
      const auto random = guarded([] { return random_bytes<32>(); });
      if (!random) return unusable("there are no random bytes for its key");
      in.put(table::setting, schema_name, *(schema = number(schema_newest)));
      in.put(table::setting, key_name, *(key = std::string{random->begin(), random->end()}));
    }
    if (in.failure() != 0) return to_error(in.failure());
    if (!schema || !key) return unusable("it belongs to another program");
    if (number_in(*schema) > schema_newest) return unusable("a newer version wrote it");
    if (!signing_key_.empty() && signing_key_ != *key) return unusable("it is another one now");
    in.commit();  // without it the tables would be closed again
    if (in.failure() != 0) return to_error(in.failure());
    signing_key_ = *key;
    return ok();
  }

  // A file is there after a power cut only once the folder that names it is on disk.
  bool sync_folder() const {
    const auto folder = std::filesystem::absolute(path_).parent_path();
    const int opened = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0) return false;
    const bool is_synced = ::fsync(opened) == 0;
    ::close(opened);
    return is_synced;
  }

  const std::string path_;
  const lmdb_options options_;
  std::string signing_key_{};
  bucket_table buckets_{};
  mutable std::shared_mutex is_used_{};  // by all who use the environment; held alone to change it
  std::unique_ptr<environment> environment_{};
  std::atomic<bool> is_trusted_{true};
};

}  // namespace lmdb
