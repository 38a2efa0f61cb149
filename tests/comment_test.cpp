#include <comments/comment.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <set>

using namespace comments;

namespace {

const comment_id parent = *parse_comment_id("0192f0c1-7b2a-7c3d-9e4f-0123456789ab");

draft full_draft() {
  return {.content_id = "1",
          .parent = parent,
          .author = {.name = "Ana", .email = "ana@example.com", .url = "https://example.com/"},
          .body = "Olá",
          .key = "k1"};
}

}  // namespace

TEST_CASE("statuses keep their names") {
  CHECK(to_text(status::published) == "published");
  CHECK(to_text(status::pending) == "pending");
  CHECK(to_text(status::spam) == "spam");
  CHECK(to_text(status::removed) == "removed");
  CHECK(to_text(content_status::open) == "open");
  CHECK(to_text(content_status::premoderated) == "premoderated");
  CHECK(to_text(content_status::first_comment) == "first-comment");
  CHECK(to_text(content_status::locked) == "locked");
  for (const auto name : names_of(status{})) CHECK(to_text(*parse<status>(name)) == name);
  for (const auto name : names_of(content_status{}))
    CHECK(to_text(*parse<content_status>(name)) == name);
  CHECK_FALSE(parse<status>("open"));
  CHECK_FALSE(parse<content_status>("published"));
}

TEST_CASE("only a published comment is visible") {
  CHECK(is_visible({.status = status::published}));
  CHECK_FALSE(is_visible({.status = status::pending}));
  CHECK_FALSE(is_visible({.status = status::spam}));
  CHECK_FALSE(is_visible({.status = status::removed}));
}

TEST_CASE("a content without comments is empty, at version 0, and of the default status") {
  const content fresh;
  CHECK_FALSE(fresh.status);
  CHECK(fresh.comments == 0);
  CHECK(fresh.version == 0);
}

TEST_CASE("a plain comment is published, a root, unedited, without votes or replies") {
  const comment plain;
  CHECK(plain.status == status::published);
  CHECK_FALSE(plain.parent);
  CHECK_FALSE(plain.edited_at);
  CHECK(plain.votes == 0);
  CHECK(plain.replies == 0);
  CHECK_FALSE(plain.author.verified);
}

TEST_CASE("authors, comments and contents differ if any field does") {
  const author nobody;
  CHECK(nobody == author{});
  CHECK(nobody != author{.name = "Ana"});
  CHECK(nobody != author{.email = "ana@example.com"});
  CHECK(nobody != author{.url = "https://example.com/"});
  CHECK(nobody != author{.verified = true});
  CHECK(nobody != author{.subject = "ana"});
  CHECK(nobody != author{.email_shown = true});

  const comment plain;
  CHECK(plain == comment{});
  CHECK(plain != comment{.id = parent});
  CHECK(plain != comment{.content_id = "1"});
  CHECK(plain != comment{.parent = parent});
  CHECK(plain != comment{.reply_to = parent});
  CHECK(plain != comment{.depth = 1});
  CHECK(plain != comment{.position = 1});
  CHECK(plain != comment{.status = status::removed});
  CHECK(plain != comment{.author = {.name = "Ana"}});
  CHECK(plain != comment{.body = "Olá"});
  CHECK(plain != comment{.votes = 1});
  CHECK(plain != comment{.replies = 1});
  CHECK(plain != comment{.reports = 1});
  CHECK(plain != comment{.created_at = from_milliseconds(1)});
  CHECK(plain != comment{.edited_at = from_milliseconds(0)});
  CHECK(plain != comment{.version = 1});
  CHECK(plain != comment{.origin = "0123"});
  CHECK(plain != comment{.encoded = "1 x"});

  const content fresh;
  CHECK(fresh == content{});
  CHECK(fresh != content{.content_id = "1"});
  CHECK(fresh != content{.version = 1});
  CHECK(fresh != content{.comments = 1});
  CHECK(fresh != content{.status = content_status::locked});
}

TEST_CASE("fingerprints are stored, so they stay what they were") {
  // Computed by another program from the description alone.
  CHECK(fingerprint({}) == 8'107'947'911'079'523'951);
  CHECK(fingerprint({.content_id = "1",
                     .author = {.email = "guilherme@example.com"},
                     .body = "Primeiro Post!"}) == -5'677'950'903'149'512'763);
  CHECK(fingerprint(full_draft()) == 4'145'680'215'488'625'346);
}

TEST_CASE("the fingerprint covers everything in a draft but its key and how it came") {
  std::set<std::int64_t> seen{fingerprint(full_draft())};
  const auto is_new = [&](auto change) {
    draft changed = full_draft();
    change(changed);
    return seen.insert(fingerprint(changed)).second;
  };
  CHECK_FALSE(is_new([](draft& d) { d.key = "k2"; }));
  CHECK_FALSE(is_new([](draft& d) { d.key.clear(); }));
  CHECK_FALSE(is_new([](draft& d) { d.author.email_shown = true; }));
  CHECK(is_new([](draft& d) { d.content_id = "2"; }));
  CHECK(is_new([](draft& d) { d.parent.reset(); }));
  CHECK(is_new([](draft& d) { ++d.parent->bytes[15]; }));
  CHECK(is_new([](draft& d) { d.author.name = "ana"; }));
  CHECK(is_new([](draft& d) { d.author.email.clear(); }));
  CHECK(is_new([](draft& d) { d.author.url += "x"; }));
  CHECK(is_new([](draft& d) { d.author.verified = true; }));
  CHECK(is_new([](draft& d) { d.author.subject = "ana"; }));
  CHECK(is_new([](draft& d) { d.body += '\0'; }));
}

TEST_CASE("text that moves from one field to the next changes the fingerprint") {
  std::set<std::int64_t> seen;
  const std::string id = to_string(parent);
  for (const draft& shifted : {
           draft{.content_id = "ab"},
           draft{.content_id = "a", .author = {.name = "b"}},
           draft{.author = {.name = "ab"}},
           draft{.author = {.name = "a", .email = "b"}},
           draft{.author = {.email = "ab"}},
           draft{.author = {.email = "a", .url = "b"}},
           draft{.author = {.url = "ab"}},
           draft{.author = {.url = "a"}, .body = "b"},
           draft{.body = "ab"},
           draft{.content_id = id},
           draft{.parent = parent},
           draft{.author = {.name = id}},
       })
    CHECK(seen.insert(fingerprint(shifted)).second);
}

TEST_CASE("a hidden comment is listed as long as visible ones stand below it") {
  CHECK(is_listed({.status = status::published}));
  for (const status hidden : {status::pending, status::spam, status::removed}) {
    CHECK_FALSE(is_listed({.status = hidden}));
    CHECK(is_listed({.status = hidden, .replies = 1}));
  }
}

TEST_CASE("a tombstone keeps its place in the thread and nothing that a person wrote") {
  const comment hidden{.id = parent,
                       .content_id = "1",
                       .position = 3,
                       .status = status::pending,
                       .author = {"Ana", "ana@example.com", "https://example.com/", true, "ana"},
                       .body = "Olá",
                       .votes = 2,
                       .replies = 1,
                       .edited_at = from_milliseconds(9),
                       .version = 7,
                       .encoded = "1 x"};
  const comment expected{.id = parent,
                         .content_id = "1",
                         .position = 3,
                         .status = status::pending,
                         .votes = 2,
                         .replies = 1,
                         .version = 7};
  CHECK(to_tombstone(hidden) == expected);
}
