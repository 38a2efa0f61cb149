#include <comments/json/typed_fields.hpp>

#include <comments/comment.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

using namespace comments;

TEST_CASE("fields are read as what their members are") {
  const auto object = *json::parse_object(
      R"({"text":"a","number":-7,"is_so":true,"status":"pending","at":"1970-01-01T00:00:01Z",
          "id":"01890a5d-ac96-774b-bcce-b302099a8057","none":null,"inner":{"x":1},"list":[1,2]})",
      3);
  std::vector<violation> found;
  json::typed_fields fields{object, "/", found};
  std::string text;
  std::int64_t number{};
  bool is_so{};
  status state{};
  instant at{};
  comment_id id;
  fields.read("text", text);
  fields.read("number", number);
  fields.read("is_so", is_so);
  fields.read("status", state);
  fields.read("at", at);
  fields.read("id", id);
  fields.read_optional("absent", text);
  CHECK(fields.object("inner")->find("x")->text == "1");
  CHECK(fields.list("list")->items.size() == 2);
  CHECK(found.empty());
  CHECK(text == "a");
  CHECK(number == -7);
  CHECK(is_so);
  CHECK(state == status::pending);
  CHECK(at == from_milliseconds(1'000));
  CHECK(to_string(id) == "01890a5d-ac96-774b-bcce-b302099a8057");
  fields.refuse_others();
  CHECK(found == std::vector<violation>{{"/none", "unknown"}});
}

TEST_CASE("an optional member of a field that is null is empty") {
  const auto object = *json::parse_object(R"({"none":null,"some":"x"})", 2);
  std::vector<violation> found;
  json::typed_fields fields{object, "/", found};
  std::optional<std::string> none{"before"}, some;
  fields.read("none", none);
  fields.read("some", some);
  CHECK(found.empty());
  CHECK_FALSE(none);
  CHECK(some == "x");
}

TEST_CASE("a field that is absent or of another kind is named, with what stands before it") {
  const auto object = *json::parse_object(R"({"text":1,"list":{},"object":[]})", 2);
  std::vector<violation> found;
  json::typed_fields fields{object, "/items/0/", found};
  std::string text;
  fields.read("absent", text);
  fields.read("text", text);
  CHECK_FALSE(fields.list("list"));
  CHECK_FALSE(fields.object("object"));
  CHECK_FALSE(fields.object("nothing"));
  CHECK(found == std::vector<violation>{{"/items/0/absent", "required"},
                                        {"/items/0/text", "type"},
                                        {"/items/0/list", "type"},
                                        {"/items/0/object", "type"},
                                        {"/items/0/nothing", "required"}});
}

TEST_CASE("of many unknown fields as many are named as the limit says") {
  for (const std::size_t count : {json::unknown_fields_max, json::unknown_fields_max + 1}) {
    std::string text = "{";
    for (std::size_t i = 0; i < count; ++i)
      text.append(i ? "," : "").append("\"f").append(std::to_string(i)).append("\":1");
    const auto object = *json::parse_object(text + "}", 1);
    std::vector<violation> found;
    json::typed_fields{object, "/", found}.refuse_others();
    CHECK(found.size() == json::unknown_fields_max);
  }
}
