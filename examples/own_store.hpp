#pragma once
// own_store.hpp - a store of your own, written from <comments/store.hpp> and
// <comments/store/algorithms.hpp> alone.
//
// It keeps rows in memory and looks through all of them for each answer. A write copies the rows,
// changes the copy, and puts it in place at the end: a write that is refused or throws has changed
// nothing. In a store for a database that copy is a transaction, and the loops are statements; the
// order of the steps stays. tests/store/own_store_test.cpp runs the contract on it.
//
// Two promises of a store are left out, because a database keeps them: that acknowledged writes
// are durable, and what the functions cost.

#include <comments/principal.hpp>
#include <comments/store.hpp>
#include <comments/store/algorithms.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// All that the store keeps.
struct store_rows {
  struct key_row {
    std::string content_id{}, key{};
    std::int64_t fingerprint{};
    comments::comment_id made{};
  };
  struct vote_row {
    std::string voter{}, browser{};
    comments::vote cast{};
  };
  struct report_row {
    comments::comment_id about{};
    comments::report said{};
  };

  std::map<std::string, comments::content, std::less<>> contents{};
  std::vector<comments::comment> comments{};  // of each content by their positions
  std::vector<comments::event> events{};      // of each content by their versions
  std::vector<key_row> keys{};
  std::vector<vote_row> votes{};
  std::vector<report_row> reports{};

  // An unknown content is empty, at version 0.
  comments::content find_content(std::string_view id) const {
    const auto found = contents.find(id);
    return found == contents.end() ? comments::content{.content_id = std::string{id}}
                                   : found->second;
  }
  comments::content& make_content(const std::string& id) {
    return contents.try_emplace(id, comments::content{.content_id = id}).first->second;
  }

  const comments::comment* find(const comments::comment_id& id) const {
    const auto found = std::ranges::find(comments, id, &comments::comment::id);
    return found == comments.end() ? nullptr : &*found;
  }
  comments::comment* find(const comments::comment_id& id) {
    return const_cast<comments::comment*>(std::as_const(*this).find(id));
  }

  const key_row* find_key(const comments::draft& draft) const {
    if (draft.key.empty()) return nullptr;
    const auto found = std::ranges::find_if(keys, [&](const key_row& row) {
      return row.content_id == draft.content_id && row.key == draft.key;
    });
    return found == keys.end() ? nullptr : &*found;
  }

  // Moves the version of a content by one, and appends the event that says why.
  void append(comments::content& to, comments::event cause, const comments::comment_id& about,
              comments::instant now) {
    cause.content_id = to.content_id;
    cause.version = ++to.version;
    cause.comment = about;
    cause.at = now;
    events.push_back(std::move(cause));
  }

  // Counts a comment below `parent` that was shown or hidden. `visible` and `listed` are 1 if it
  // became that, -1 if it ceased to be, else 0. A hidden comment is listed as long as it has
  // replies, so the ancestors may be listed or not from now on, too.
  void settle(comments::content& of, std::optional<comments::comment_id> parent, int visible,
              int listed) {
    of.comments += visible;
    while (parent && listed != 0) {
      comments::comment& above = *find(*parent);
      const bool was_listed = is_listed(above);
      above.replies += listed;
      above.version = of.version;
      listed = int{is_listed(above)} - int{was_listed};
      parent = above.parent;
    }
  }

  // Erases what a removed comment leaves elsewhere. Its key must still replay it.
  void erase_traces(const comments::comment_id& id) {
    for (comments::event& row : events)
      if (row.comment == id) row.before.clear();
    for (key_row& row : keys)
      if (row.made == id) row.fingerprint = 0;
    std::erase_if(reports, [&](const report_row& row) { return row.about == id; });
  }
};

class own_store final : public comments::store {
 public:
  own_store() {
    for (const std::uint8_t byte : comments::random_bytes<32>())
      signing_key_ += static_cast<char>(byte);
  }

  comments::result<comments::post_result> insert(const comments::insertion& wanted,
                                                 comments::instant now) override {
    const auto id = comments::new_id(wanted, now);
    if (!id) return id.error();
    return write<comments::post_result>([&](store_rows& in) { return post(in, wanted, *id, now); });
  }

  comments::result<comments::comment> amend(const comments::comment_id& id,
                                            const comments::decider& decide,
                                            comments::instant now) override {
    return write<comments::comment>([&](store_rows& in) -> comments::result<comments::comment> {
      comments::comment* stands = in.find(id);
      if (!stands) return comments::comment_not_found();
      auto decided = comments::ask(decide, *stands);  // `decide` may throw, or call the store
      if (!decided) return decided.error();
      comments::comment after = comments::amend(*stands, decided->changed);
      comments::content& current = in.make_content(after.content_id);
      in.append(current, decided->cause, id, now);
      after.version = current.version;
      if (after.status == comments::status::removed) {
        comments::erase_text(after);
        in.erase_traces(id);
      }
      const int visible = int{is_visible(after)} - int{is_visible(*stands)};
      const int listed = int{is_listed(after)} - int{is_listed(*stands)};
      *stands = after;
      in.settle(current, after.parent, visible, listed);
      return after;
    });
  }

  comments::result<comments::comment> vote(const comments::comment_id& id,
                                           const comments::voter& by, bool is_there,
                                           comments::instant now) override {
    return write<comments::comment>([&](store_rows& in) -> comments::result<comments::comment> {
      comments::comment* about = in.find(id);
      if (!about || (is_there && !is_visible(*about))) return comments::comment_not_found();
      const auto is_theirs = [&](const store_rows::vote_row& row) {
        if (row.cast.comment != id) return false;
        return is_there ? is_by(by, row.voter, row.browser)
                        : may_take_back(by, row.voter, row.browser);
      };
      const auto theirs = std::ranges::count_if(in.votes, is_theirs);
      if ((theirs > 0) == is_there) return *about;
      comments::network_count neighbours{by};
      for (const store_rows::vote_row& row : in.votes)
        if (row.cast.comment == id) neighbours.add(row.voter);
      if (is_there && neighbours.is_full()) return comments::network_used_up();
      if (is_there)
        in.votes.push_back({by.name, browser_of_vote(by), {id, about->content_id, now}});
      else
        std::erase_if(in.votes, is_theirs);
      comments::content& current = in.make_content(about->content_id);
      in.append(current, {.kind = comments::event_kind::voted}, id, now);
      about->votes += is_there ? 1 : -theirs;
      about->version = current.version;
      return *about;
    });
  }

  comments::result<comments::comment> report(const comments::comment_id& id,
                                             const comments::voter& by, const std::string& reason,
                                             comments::instant now) override {
    return write<comments::comment>([&](store_rows& in) -> comments::result<comments::comment> {
      comments::comment* about = in.find(id);
      if (!about || !is_visible(*about)) return comments::comment_not_found();
      comments::network_count neighbours{by};
      for (const store_rows::report_row& row : in.reports) {
        if (row.about != id) continue;
        if (is_by(by, row.said.reporter)) return *about;
        neighbours.add(row.said.reporter);
      }
      if (neighbours.is_full()) return comments::network_used_up();
      in.reports.push_back({id, {by.name, reason, now}});
      ++about->reports;
      return *about;
    });
  }

  comments::result<comments::content> set_status(const std::string& content_id,
                                                 std::optional<comments::content_status> status,
                                                 std::optional<std::int64_t> expected,
                                                 const comments::event& cause,
                                                 comments::instant now) override {
    return write<comments::content>([&](store_rows& in) -> comments::result<comments::content> {
      comments::content& current = in.make_content(content_id);
      if (expected && *expected != current.version) return comments::version_moved();
      in.append(current, cause, {}, now);
      current.status = status;
      return current;
    });
  }

  comments::result<std::size_t> forget_origins(comments::instant before,
                                               std::size_t limit) override {
    return write<std::size_t>([&](store_rows& in) -> comments::result<std::size_t> {
      std::size_t origins = 0, votes = 0, reports = 0;
      for (comments::comment& row : in.comments) {
        if (row.origin.empty() || row.created_at >= before || origins == limit) continue;
        row.origin.clear();
        ++origins;
      }
      const auto is_old = [&](const std::string& name, comments::instant at, std::size_t& count) {
        const bool is_due = name.starts_with(comments::address_prefix) && at < before;
        if (!is_due || count == limit) return false;
        ++count;
        return true;
      };
      std::erase_if(in.votes,
                    [&](const auto& row) { return is_old(row.voter, row.cast.at, votes); });
      std::erase_if(in.reports, [&](const auto& row) {
        return is_old(row.said.reporter, row.said.at, reports);
      });
      return origins + votes + reports;
    });
  }

  comments::result<comments::done> forget_reporter(const std::string& reporter) override {
    return write<comments::done>([&](store_rows& in) {
      std::erase_if(in.reports, [&](const auto& row) { return row.said.reporter == reporter; });
      return comments::ok();
    });
  }

  comments::result<comments::comment> find(const comments::comment_id& id) const override {
    return read<comments::comment>(
        [&](const store_rows& in) -> comments::result<comments::comment> {
          const comments::comment* found = in.find(id);
          if (!found) return comments::comment_not_found();
          return *found;
        });
  }

  comments::result<comments::page> list(const comments::query& query) const override {
    return read<comments::page>([&](const store_rows& in) -> comments::result<comments::page> {
      std::vector<comments::comment> listed;
      for (const comments::comment& row : in.comments)
        if (matches(row, query)) listed.push_back(row);
      std::ranges::sort(listed, {},
                        [&](const comments::comment& item) { return rank(query.sort, item); });
      comments::page found{.content = in.find_content(query.content_id)};
      comments::page_filler filler{found, query};
      for (comments::comment& item : listed)
        if (!filler.add(std::move(item))) break;
      return found;
    });
  }

  comments::result<std::vector<comments::content>> contents(
      std::span<const std::string> ids) const override {
    using all = std::vector<comments::content>;
    return read<all>([&](const store_rows& in) -> comments::result<all> {
      all found;
      for (const std::string& id : ids) found.push_back(in.find_content(id));
      return found;
    });
  }

  comments::result<std::vector<comments::event>> events(std::string_view content_id,
                                                        std::int64_t after,
                                                        std::size_t limit) const override {
    return select_events(limit, [&](const comments::event& row) {
      return row.content_id == content_id && row.version > after;
    });
  }

  comments::result<std::vector<comments::event>> history(const comments::comment_id& id,
                                                         std::int64_t after,
                                                         std::size_t limit) const override {
    return select_events(limit, [&](const comments::event& row) {
      const bool is_about = row.comment == id && id != comments::comment_id{};  // of a content: {}
      return is_about && row.kind != comments::event_kind::voted && row.version > after;
    });
  }

  comments::result<comments::decision_page> decisions(
      const comments::decision_query& wanted) const override {
    using page = comments::decision_page;
    return read<page>([&](const store_rows& in) -> comments::result<page> {
      comments::decision_page found;
      for (const comments::event& row : in.events) comments::add(found, row, wanted);
      return found;
    });
  }

  comments::result<std::vector<comments::report>> reports_of(const comments::comment_id& id,
                                                             std::size_t limit) const override {
    using all = std::vector<comments::report>;
    return read<all>([&](const store_rows& in) -> comments::result<all> {
      all found;
      for (const store_rows::report_row& row : in.reports)
        if (row.about == id) found.push_back(row.said);
      std::ranges::stable_sort(found, std::ranges::greater{}, &comments::report::at);
      found.resize(std::min(found.size(), limit));
      return found;
    });
  }

  comments::result<comments::search_result> find_all(
      const comments::search& wanted) const override {
    using comments::search_result;
    return read<search_result>([&](const store_rows& in) -> comments::result<search_result> {
      std::vector<comments::comment> later;
      for (const comments::comment& row : in.comments)
        if (!wanted.after || row.id > *wanted.after) later.push_back(row);
      std::ranges::sort(later, {}, &comments::comment::id);
      search_result found;
      for (const comments::comment& row : later)
        if (!add(found, row, wanted)) break;
      return found;
    });
  }

  comments::result<std::vector<comments::vote>> votes_of(const std::string& voter,
                                                         std::optional<comments::comment_id> after,
                                                         std::size_t limit) const override {
    using all = std::vector<comments::vote>;
    return read<all>([&](const store_rows& in) -> comments::result<all> {
      all found;
      for (const store_rows::vote_row& row : in.votes)
        if (row.voter == voter && (!after || row.cast.comment > *after)) found.push_back(row.cast);
      std::ranges::sort(found, {}, &comments::vote::comment);
      found.resize(std::min(found.size(), limit));
      return found;
    });
  }

  comments::result<std::vector<comments::made_report>> reports_by(
      const std::string& reporter, std::optional<comments::comment_id> after,
      std::size_t limit) const override {
    using all = std::vector<comments::made_report>;
    return read<all>([&](const store_rows& in) -> comments::result<all> {
      all found;
      for (const auto& [about, said] : in.reports)
        if (said.reporter == reporter && (!after || about > *after))
          found.push_back({about, in.find(about)->content_id, said.reason, said.at});
      std::ranges::sort(found, {}, &comments::made_report::comment);
      found.resize(std::min(found.size(), limit));
      return found;
    });
  }

  std::string_view signing_key() const override { return signing_key_; }

 private:
  // Runs `work` on a copy of the rows, which counts if `work` succeeds. A decider that calls the
  // store would wait for the lock that its own call holds, so it is refused.
  template <typename T, typename Work>
  comments::result<T> write(const Work& work) {
    if (comments::is_deciding()) return comments::called_back();
    const std::lock_guard lock{mutex_};
    store_rows changed = rows_;
    comments::result<T> done = work(changed);
    if (done) rows_ = std::move(changed);
    return done;
  }

  template <typename T, typename Work>
  comments::result<T> read(const Work& work) const {
    if (comments::is_deciding()) return comments::called_back();
    const std::lock_guard lock{mutex_};
    return work(rows_);
  }

  template <typename Claim>
  comments::result<std::vector<comments::event>> select_events(std::size_t limit,
                                                               const Claim& is_wanted) const {
    using all = std::vector<comments::event>;
    return read<all>([&](const store_rows& in) -> comments::result<all> {
      all found;
      for (const comments::event& row : in.events)
        if (is_wanted(row) && found.size() < limit) found.push_back(row);
      return found;
    });
  }

  comments::result<comments::post_result> post(store_rows& in, const comments::insertion& wanted,
                                               const comments::comment_id& id,
                                               comments::instant now) {
    const comments::draft& draft = wanted.said;
    if (const auto* used = in.find_key(draft)) {  // before all else: a retry is answered as ever
      const comments::comment& made = *in.find(used->made);
      if (used->fingerprint != fingerprint(draft) && made.status != comments::status::removed)
        return comments::key_reused();
      return comments::post_result{.stored = made, .replayed = true};
    }
    comments::content& current = in.make_content(draft.content_id);
    if (!is_met(wanted.expected, current)) return comments::version_moved();
    const comments::comment* parent = draft.parent ? in.find(*draft.parent) : nullptr;
    const bool is_there = parent && parent->content_id == current.content_id && is_visible(*parent);
    if (draft.parent && !is_there) return comments::parent_not_found();
    while (parent && parent->depth >= wanted.depth_max && parent->parent)
      parent = in.find(*parent->parent);
    comments::comment made = comments::to_comment(wanted, id, current.version + 1, now);
    if (parent) made.parent = parent->id;
    made.depth = parent ? parent->depth + 1 : 0;
    in.append(current, comments::to_event(wanted), id, now);
    in.comments.push_back(made);
    if (!draft.key.empty())
      in.keys.push_back({draft.content_id, draft.key, fingerprint(draft), id});
    const int shown = is_visible(made);
    in.settle(current, made.parent, shown, shown);
    // The last step, because only a comment that is stored takes from its allowances.
    if (auto taken = take_tokens(buckets_, wanted, now); !taken) return taken.error();
    return comments::post_result{.stored = made};
  }

  std::string signing_key_{};
  mutable std::mutex mutex_{};  // guards the rows
  store_rows rows_{};
  comments::bucket_table buckets_{};
};
