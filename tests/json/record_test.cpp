#include <comments/json/record.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

using namespace comments;

namespace {

comment_id id_of(std::uint8_t number) {
  comment_id id = *parse_comment_id("01890a5d-ac96-774b-bcce-b302099a8000");
  id.bytes[15] = number;
  return id;
}

// A comment in which no member has its default.
comment full_comment() {
  return {.id = id_of(1),
          .content_id = "a/\"b\"\\",
          .parent = id_of(2),
          .reply_to = id_of(3),
          .depth = 2,
          .position = 7,
          .status = status::spam,
          .author = {.name = "Ana \xF0\x9F\x98\x80",
                     .email = "ana@example.com",
                     .url = "https://example.com/",
                     .verified = true,
                     .subject = "17",
                     .email_shown = true},
          .body = "one\ntwo\t\x01 \xE2\x80\xA8",
          .votes = -3,
          .replies = 4,
          .reports = 5,
          .created_at = from_milliseconds(1'700'000'000'001),
          .edited_at = from_milliseconds(1'700'000'000'999),
          .version = std::numeric_limits<std::int64_t>::max(),
          .origin = "o",
          .browser = "b",
          .held = true,
          .encoded = "3 commonmark\n\"author\":{}"};
}

event full_event() {
  return {.content_id = "1",
          .version = 9,
          .kind = event_kind::removed,
          .comment = id_of(1),
          .at = from_milliseconds(5),
          .by = "moderator ana",
          .reason = "because",
          .status = "removed",
          .before = "what it was"};
}

deployment full_deployment() {
  return {.id = id_of(4),
          .position = 3,
          .component = "app",
          .version = "1.2.3",
          .responsible = "ana",
          .status = deployment_status::cancelled,
          .run = "17",
          .date = from_milliseconds(1)};
}

// What is wrong with a text that is a record but for one replacement.
std::vector<violation> wrong_in(std::string_view old, std::string_view with) {
  std::string text = json::encode_record(full_comment());
  const std::size_t at = text.find(old);
  REQUIRE(at != text.npos);
  const auto read = json::decode_comment_record(text.replace(at, old.size(), with));
  REQUIRE_FALSE(read);
  CHECK(read.error().code == errc::invalid);
  return read.error().violations;
}

}  // namespace

TEST_CASE("a record gives back what was put in, whatever it is") {
  for (const comment& kept : {comment{}, full_comment()})
    CHECK(*json::decode_comment_record(json::encode_record(kept)) == kept);
  for (const event& kept : {event{}, full_event()})
    CHECK(*json::decode_event_record(json::encode_record(kept)) == kept);
  for (const deployment& kept : {deployment{}, full_deployment()})
    CHECK(*json::decode_deployment_record(json::encode_record(kept)) == kept);
}

TEST_CASE("a record is one line, and the same for the same value") {
  const std::string text = json::encode_record(full_comment());
  CHECK(text.find('\n') == text.npos);
  CHECK(text == json::encode_record(full_comment()));
}

TEST_CASE("each enum and each flag comes back") {
  comment kept = full_comment();
  for (const status each : {status::published, status::pending, status::spam, status::removed}) {
    kept.status = each;
    kept.held = !kept.held;
    CHECK(*json::decode_comment_record(json::encode_record(kept)) == kept);
  }
  event done = full_event();
  for (std::size_t i = 0; i < names_of(event_kind{}).size(); ++i) {
    done.kind = static_cast<event_kind>(i);
    CHECK(*json::decode_event_record(json::encode_record(done)) == done);
  }
}

TEST_CASE("a record that lacks a field, or has another or a wrong one, is refused with its name") {
  CHECK(wrong_in(R"("votes":-3)", R"("voices":-3)") ==
        std::vector<violation>{{"/votes", "required"}, {"/voices", "unknown"}});
  CHECK(wrong_in(R"("votes":-3)", R"("votes":"-3")") == std::vector<violation>{{"/votes", "type"}});
  CHECK(wrong_in(R"("votes":-3)", R"("votes":-3.5)") == std::vector<violation>{{"/votes", "type"}});
  CHECK(wrong_in("9223372036854775807", "9223372036854775808") ==
        std::vector<violation>{{"/version", "type"}});
  CHECK(wrong_in(R"("spam")", R"("ham")") == std::vector<violation>{{"/status", "type"}});
  CHECK(wrong_in(R"("held":true)", R"("held":1)") == std::vector<violation>{{"/held", "type"}});
  CHECK(wrong_in(R"("id":"01890a5d)", R"("id":"x1890a5d)") ==
        std::vector<violation>{{"/id", "type"}});
  CHECK(wrong_in("T22:13:20.001Z", "T25:13:20.001Z") ==
        std::vector<violation>{{"/created_at", "type"}});
  CHECK(wrong_in(R"("subject":"17")", R"("topic":"17")") ==
        std::vector<violation>{{"/author/subject", "required"}, {"/author/topic", "unknown"}});
}

TEST_CASE("what is no record at all is refused, cut at any byte") {
  const std::string text = json::encode_record(full_comment());
  for (std::size_t size = 0; size < text.size(); ++size)
    CHECK_FALSE(json::decode_comment_record(std::string_view{text}.substr(0, size)));
  for (const char* other : {"[]", "null", "3", "{}", R"({"id":[[[[]]]]})"})
    CHECK_FALSE(json::decode_comment_record(other));
  CHECK_FALSE(json::decode_event_record(text));
  CHECK_FALSE(json::decode_deployment_record(text));
}
