#include <comments/json/answer.hpp>

#include <comments/json/encode.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace comments;

namespace {

const json::style style{[](const comment& written) { return "key of " + written.author.name; }};

comment posted() {
  return {.id = *parse_comment_id("01890a5d-ac96-774b-bcce-b302099a8001"),
          .content_id = "a/\"b\"",
          .author = {.name = "Ana", .verified = true},
          .body = "<Oi> \xF0\x9F\x98\x80",
          .votes = 3,
          .replies = 2,
          .created_at = from_milliseconds(1'700'000'000'001),
          .version = 8};
}

std::vector<violation> wrong_in(std::string text, std::string_view old, std::string_view with) {
  const std::size_t at = text.find(old);
  REQUIRE(at != text.npos);
  const auto read = json::decode_page_answer(text.replace(at, old.size(), with));
  REQUIRE_FALSE(read);
  return read.error().violations;
}

}  // namespace

TEST_CASE("a comment is read as the API writes it") {
  comment written = posted();
  const auto root = json::decode_comment_answer(json::encode(written, style));
  REQUIRE(root);
  CHECK(root->comment == written);
  CHECK(root->author_key == "key of Ana");
  CHECK(root->body_html == style.to_html(written.body));
  CHECK(root->edit_token.empty());

  written.parent = *parse_comment_id("01890a5d-ac96-774b-bcce-b302099a8002");
  written.reply_to = written.parent;
  written.edited_at = from_milliseconds(1'700'000'000'002);
  CHECK(json::decode_comment_answer(json::encode(written, style))->comment == written);
  written.reply_to = *parse_comment_id("01890a5d-ac96-774b-bcce-b302099a8003");
  const auto answer = json::decode_comment_answer(
      json::encode(written, style, {.edit_token = "token", .browser = "proof"}));
  CHECK(answer->comment == written);
  CHECK(answer->edit_token == "token");
  CHECK(answer->browser == "proof");
}

TEST_CASE("a page is read as the API writes it, and its end is known") {
  page written;
  written.content = {.content_id = "a", .version = 9, .comments = 2};
  written.items = {posted(), posted()};
  const auto read = json::decode_page_answer(json::encode(written, style, "cursor \""));
  REQUIRE(read);
  REQUIRE(read->items.size() == 2);
  CHECK(read->items[1].comment == posted());
  CHECK(read->next == "cursor \"");
  CHECK(read->content.comments == 2);
  CHECK(read->content.status == content_status::open);
  CHECK(json::decode_page_answer(json::encode(written, style, ""))->next.empty());
}

TEST_CASE("contents, counts and events are read as the API writes them") {
  const content seen{.content_id = "a \"b\"",
                     .version = 4,
                     .comments = 3,
                     .status = content_status::first_comment};
  CHECK(*json::decode_content_answer(json::encode(seen)) == seen);

  const std::vector<content> counted{{.content_id = "b", .comments = 2}, {.content_id = "a/\""}};
  CHECK(*json::decode_counts_answer(json::encode_counts(counted)) == counted);

  for (const comment_id& id : {comment_id{}, posted().id}) {
    const event told{.content_id = "1",
                     .version = 3,
                     .kind = event_kind::moderated,
                     .comment = id,
                     .at = from_milliseconds(12),
                     .status = "pending"};
    std::string text;
    json::append_public(text, told);
    CHECK(*json::decode_event_answer(text) == told);
  }
}

TEST_CASE("fields of a newer server are ignored, and ones that are missing are named") {
  const std::string text = json::encode(page{.items = {posted()}}, style, "");
  std::string newer = text;
  newer.insert(1, R"("later":{"deep":[1]},)");
  CHECK(json::decode_page_answer(newer));
  CHECK(wrong_in(text, R"("votes")", R"("voices")") ==
        std::vector<violation>{{"/items/0/votes", "required"}});
  CHECK(wrong_in(text, R"("name":"Ana")", R"("name":1)") ==
        std::vector<violation>{{"/items/0/author/name", "type"}});
  CHECK(wrong_in(text, R"("next":null)", R"("next":1)") ==
        std::vector<violation>{{"/next", "type"}});
  CHECK(wrong_in(text, R"("status":"open")", R"("status":"ajar")") ==
        std::vector<violation>{{"/content/status", "type"}});
  CHECK(wrong_in(text, "[{", "[1,{").front() == violation{"/items/0/id", "required"});
}

TEST_CASE("what is no answer is an error, cut at any byte") {
  const std::string text = json::encode(page{.items = {posted()}}, style, "");
  for (std::size_t size = 0; size < text.size(); ++size)
    CHECK_FALSE(json::decode_page_answer(std::string_view{text}.substr(0, size)));
  for (const char* other : {"", "[]", "{}", "<html></html>", "null"}) {
    CHECK_FALSE(json::decode_comment_answer(other));
    CHECK_FALSE(json::decode_page_answer(other));
    CHECK_FALSE(json::decode_content_answer(other));
    CHECK_FALSE(json::decode_counts_answer(other));
    CHECK_FALSE(json::decode_event_answer(other));
  }
}
