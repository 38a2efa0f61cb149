#include <comments/store/postgres.hpp>

#include <doctest/doctest.h>

#include "support/contract.hpp"
#include "support/parallel.hpp"
#include "support/postgres_proxy.hpp"
#include "support/postgres_schema.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace comments;
using comments::contract::must;
using comments::contract::noon;

namespace {

// A thread of two: what is written to it is about the first.
struct thread {
  std::string content_id{};
  comment root{}, reply{};
};

// A way to write, by whoever is named.
struct way {
  std::string name{};
  std::function<errc(postgres_store&, const thread&, const std::string& who)> write{};
};

decider become(status wanted) {
  return [wanted](const comment& before) -> result<amendment> {
    if (before.status == status::removed) return comment_not_found();
    amendment made{before, {.kind = event_kind::moderated, .status = std::string{to_text(wanted)}}};
    made.changed.status = wanted;
    made.changed.reports = 0;
    return made;
  };
}

const decider add_word = [](const comment& before) -> result<amendment> {
  if (before.status == status::removed) return comment_not_found();
  amendment longer{before, {.kind = event_kind::edited, .before = before.body}};
  longer.changed.body += " more";
  return longer;
};

template <typename T>
errc code_of(const result<T>& answer) {
  return answer ? errc{} : answer.error().code;
}

std::vector<way> ways() {
  const auto post = [](draft written) {
    return [=](postgres_store& to, const thread& in, const std::string& who) {
      insertion wanted{.said = written};
      wanted.said.content_id = in.content_id;
      wanted.said.body = who;
      if (written.key == "of each") wanted.said.key = who;
      if (written.author.name == "answers") wanted.said.parent = in.root.id;
      wanted.allowances = {{"", {.per_minute = 60}}, {in.content_id + who, {.per_minute = 60}}};
      return code_of(to.insert(wanted, noon));
    };
  };
  const auto amend = [](decider how) {
    return [=](postgres_store& to, const thread& in, const std::string&) {
      return code_of(to.amend(in.root.id, how, noon));
    };
  };
  return {{"post", post({})},
          {"post with a key", post({.key = "of each"})},
          {"reply", post({.author = {.name = "answers"}})},
          {"vote",
           [](postgres_store& to, const thread& in, const std::string& who) {
             return code_of(to.vote(in.root.id, {"u:" + who}, true, noon));
           }},
          {"take back a vote",
           [](postgres_store& to, const thread& in, const std::string&) {
             return code_of(to.vote(in.root.id, {"u:before"}, false, noon));
           }},
          {"report",
           [](postgres_store& to, const thread& in, const std::string& who) {
             return code_of(to.report(in.root.id, {"u:" + who}, "rude", noon));
           }},
          {"edit", amend(add_word)},
          {"hide", amend(become(status::spam))},
          {"show", amend(become(status::published))},
          {"remove", amend(become(status::removed))},
          {"hide the reply",
           [](postgres_store& to, const thread& in, const std::string&) {
             return code_of(to.amend(in.reply.id, become(status::spam), noon));
           }},
          {"set_status", [](postgres_store& to, const thread& in, const std::string& who) {
             const auto wanted = who == "a" ? content_status::locked : content_status::premoderated;
             return code_of(to.set_status(in.content_id, wanted, {}, {}, noon));
           }}};
}

thread begin(postgres_store& to, const std::string& content_id) {
  const auto post = [&](std::optional<comment_id> parent) {
    insertion wanted{{.content_id = content_id, .parent = parent, .body = "first"}};
    wanted.allowances = {{"", {.per_minute = 60}}};  // whose row is there from now on
    return must(to.insert(wanted, noon)).stored;
  };
  thread made{content_id, post({}), {}};
  made.reply = post(made.root.id);
  must(to.vote(made.root.id, {"u:before"}, true, noon));
  must(to.report(made.root.id, {"u:before"}, "rude", noon));
  return made;
}

// Everything that the tables say of a content, without ids.
std::string look(const testing::postgres_schema& in, const std::string& content_id) {
  const std::string where = " WHERE content_id = '" + content_id + "') ";
  return in.run(
      "SELECT (SELECT concat_ws(' ', version, comments, status) FROM content" + where +
      "|| E'\\ncomments ' || (SELECT string_agg(concat_ws(' ', position, body, status, votes, "
      "replies, reports, listed, depth, version), ', ' ORDER BY position) FROM comment" +
      where +
      "|| E'\\nevents ' || (SELECT string_agg(concat_ws(' ', version, kind, status, text_before), "
      "', ' ORDER BY version) FROM event" +
      where +
      "|| E'\\nvotes ' || (SELECT coalesce(string_agg(voter, ', ' ORDER BY voter), '') FROM vote" +
      where +
      "|| E'\\nreports ' || (SELECT coalesce(string_agg(reporter, ', ' ORDER BY reporter), '') "
      "FROM complaint" +
      where + "|| E'\\nbucket ' || (SELECT string_agg(level::text, ', ') FROM bucket" + where);
}

class lossy_node final {
 public:
  lossy_node() {
    proxy_.lose_locks();
    behind_ = must(postgres_store::open({.conninfo = proxy_.conninfo()}));
    beside_ = must(postgres_store::open({.conninfo = schema_.conninfo()}));
  }

  const testing::postgres_schema& schema() const { return schema_; }
  testing::postgres_proxy& proxy() { return proxy_; }
  postgres_store& behind() { return *behind_; }  // whose locks are lost
  postgres_store& beside() { return *beside_; }

 private:
  testing::postgres_schema schema_{};
  testing::postgres_proxy proxy_{schema_};
  std::unique_ptr<postgres_store> behind_{}, beside_{};
};

}  // namespace

// While shards of Citus moved, posts were 422 (another had made that event), and of 66 reports 65
// were counted.
TEST_CASE("a write whose lock was lost ends as if it had come after the one that was in between") {
  lossy_node node;
  int number = 0;
  for (const way& first : ways())
    for (const way& second : ways()) {
      CAPTURE(first.name);
      CAPTURE(second.name);
      const std::string name = std::to_string(++number);
      const thread apart = begin(node.beside(), "apart " + name);
      const errc done_first = first.write(node.beside(), apart, "a");
      const errc done_second = second.write(node.beside(), apart, "b");
      // Who decided had not seen the report that came in between, so that is not settled.
      if (first.name == "report" && (second.name == "hide" || second.name == "show"))
        node.schema().run("UPDATE comment SET reports = 1 WHERE id = '" + to_string(apart.root.id) +
                          "'");

      const thread here = begin(node.beside(), "together " + name);
      errc meanwhile = errc::in_doubt;
      node.proxy().interrupt([&] { meanwhile = first.write(node.beside(), here, "a"); });
      CHECK(second.write(node.behind(), here, "b") == done_second);
      CHECK(meanwhile == done_first);
      CHECK(look(node.schema(), here.content_id) == look(node.schema(), apart.content_id));
    }
}

TEST_CASE("one key that two nodes post at once, without a lock, makes one comment") {
  lossy_node node;
  const insertion wanted{.said = {.content_id = "1", .body = "x", .key = "k"}};
  must(node.beside().insert({{.content_id = "1", .body = "before"}}, noon));
  node.proxy().interrupt([&] { must(node.beside().insert(wanted, noon)); });
  CHECK(must(node.behind().insert(wanted, noon)).replayed);
  CHECK(node.schema().run("SELECT count(*) FROM comment") == "2");
}

TEST_CASE("where no lock holds at all, nothing is lost, and nothing is refused for good") {
  lossy_node node;
  const thread in = begin(node.beside(), "1");
  constexpr int writers = 3, rounds = 12;
  std::atomic<int> posts{1}, votes{1}, reports{1}, refused{};
  in_parallel(writers, [&](int i) {
    const auto count = [&](auto answer, std::atomic<int>& done) {
      if (answer)
        ++done;
      else if (answer.error().code == errc::unavailable)
        ++refused;
      else
        FAIL_CHECK(answer.error().message);
    };
    for (int round = 0; round < rounds; ++round) {
      const std::string who = std::to_string(i) + "." + std::to_string(round);
      count(node.behind().insert({{.content_id = "1", .parent = in.root.id, .body = who}}, noon),
            posts);
      count(node.behind().vote(in.root.id, {"u:" + who}, true, noon), votes);
      count(node.behind().report(in.root.id, {"u:" + who}, "rude", noon), reports);
    }
  });
  CHECK(refused < writers * rounds);
  CHECK(node.schema().run("SELECT concat_ws(' ', replies, votes, reports) FROM comment WHERE "
                          "parent_id = ''") ==
        std::to_string(posts) + " " + std::to_string(votes) + " " + std::to_string(reports));
  CHECK(node.schema().run("SELECT version FROM content") == std::to_string(1 + posts + votes));
  CHECK(node.schema().run("SELECT count(*) FROM event") == std::to_string(1 + posts + votes));
}
