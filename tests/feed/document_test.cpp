// What a feed says of comments, whatever it is written as.

#include <comments/feed/document.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace comments;
using feed::to_line;

namespace {

const json::style plain{[](const comment&) { return std::string{"key"}; }};

comment make_comment(std::string name, std::string body) {
  return {.id = *parse_comment_id("0192f0c1-7b2a-7c3d-9e4f-0123456789ab"),
          .content_id = "1",
          .author = {.name = std::move(name), .email = "ada@example.com"},
          .body = std::move(body),
          .created_at = from_milliseconds(1'700'000'000'123)};
}

}  // namespace

TEST_CASE("HTML on one line has no tags, no entities and single blanks") {
  CHECK(to_line("<p>a <em>b</em></p>\n<p>c<br>\nd</p>\n") == "a b c d");
  CHECK(to_line("<p>&lt;b&gt; &amp;amp; &quot;x&quot; &#39;</p>") == "<b> &amp; \"x\" '");
  CHECK(to_line("<p>\u202Ea\u2066b</p>") == "a b");
  CHECK(to_line("") == "");
  CHECK(to_line("<p>") == "");
  CHECK(to_line("a<b") == "a");
  CHECK(to_line("a\xff"
                "b") == "a b");
}

TEST_CASE("a line is cut at title_max characters") {
  std::string words;
  for (std::size_t i = 0; i < feed::title_max; ++i) words += "é";
  CHECK(to_line(words) == words);
  CHECK(to_line(words + " \n") == words);
  CHECK(to_line(words + "é") == words + "…");
  CHECK(to_line(words + " é") == words + "…");
}

TEST_CASE("an entry names its author and begins with what was said") {
  const auto made = feed::make_entry(make_comment("Ada", "a < b"), plain, "/talk");
  CHECK(made.id == "urn:uuid:0192f0c1-7b2a-7c3d-9e4f-0123456789ab");
  CHECK(made.title == "Ada: a < b");
  CHECK(made.author == "Ada");
  CHECK(made.html == "<p>a &lt; b</p>\n");
  CHECK(made.link == "/talk/api/v1/comments/0192f0c1-7b2a-7c3d-9e4f-0123456789ab");
  CHECK_FALSE(made.in_reply_to);
  CHECK_FALSE(made.edited);
}

TEST_CASE("an author without a name is anonymous; an empty text leaves the name") {
  const auto made = feed::make_entry(make_comment("", ""), plain, "");
  CHECK(made.author == "Anonymous");
  CHECK(made.title == "Anonymous");
}

TEST_CASE("a reply names what it answers, not below what it hangs") {
  comment reply = make_comment("Ada", "yes");
  reply.parent = make_comment_id(reply.created_at);
  reply.reply_to = make_comment_id(reply.created_at);
  CHECK(feed::make_entry(reply, plain, "").in_reply_to == feed::to_urn(*reply.reply_to));
}

TEST_CASE("the HTML that is kept is used, and made anew where it is of another form or broken") {
  comment one = make_comment("Ada", "a");
  one.encoded = plain.form() + R"("author":{},"body":"a","body_html":"<p>kept</p>")";
  CHECK(feed::make_entry(one, plain, "").html == "<p>kept</p>");
  one.encoded = plain.form() + R"("author":{},"body":"a","body_html":7)";
  CHECK(feed::make_entry(one, plain, "").html == "<p>a</p>\n");
  one.encoded = plain.form() + R"("author":{)";
  CHECK(feed::make_entry(one, plain, "").html == "<p>a</p>\n");
  one.encoded = "1 other\n\"body_html\":\"<p>kept</p>\"";
  CHECK(feed::make_entry(one, plain, "").html == "<p>a</p>\n");
}

TEST_CASE("a document keeps the page's order") {
  const page two{.content = {.content_id = "a&b", .version = 2, .comments = 2},
                 .items = {make_comment("Ada", "second"), make_comment("Bob", "first")}};
  const auto made = feed::make_document(two, plain, "urn:x", "/feed", from_milliseconds(5));
  CHECK(made.title == "Comments on a&b");
  CHECK(made.id == "urn:x");
  CHECK(made.link == "/feed");
  CHECK(to_milliseconds(made.updated) == 5);
  REQUIRE(made.entries.size() == 2);
  CHECK(made.entries[0].title == "Ada: second");
  CHECK(made.entries[1].title == "Bob: first");
}
