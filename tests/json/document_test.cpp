#include <comments/json/document.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace comments;
using namespace comments::json;

namespace {

constexpr std::size_t depth_max = 4;

// "", or the pointer and the code of the only violation.
std::string fault_of(std::string_view text) {
  const auto parsed = json::parse(text, depth_max);
  if (parsed) return "";
  CHECK(parsed.error().code == errc::malformed);
  if (parsed.error().violations.empty()) return "malformed";
  REQUIRE(parsed.error().violations.size() == 1);
  return parsed.error().violations[0].pointer + " " + parsed.error().violations[0].code;
}

// What a field_reader has against an object.
struct reading {
  explicit reading(std::string_view text)
      : parsed(*json::parse(text, depth_max)) {}  // braces would make an array

  value parsed;
  std::vector<violation> found{};
  field_reader root{parsed, "/in/", found};
};

}  // namespace

TEST_CASE("a value is read as it is written") {
  const value read = *json::parse(R"({"a":[-1,"b",null,true,0.5],"z":{}})", depth_max);
  CHECK(read.names == std::vector<std::string>{"a", "z"});
  const value* const list = read.find("a");
  REQUIRE(list);
  REQUIRE(list->items.size() == 5);
  CHECK((list->is_list() && list->items[0].is_integer && list->items[0].text == "-1"));
  CHECK(*list->items[1].as_text() == "b");
  CHECK((list->items[2].is_null() && list->items[3].is_true && list->items[4].number == 0.5));
  CHECK_FALSE((list->items[0].as_text() || list->items[4].is_integer || list->find("a")));
  CHECK(read.find("z")->is_object());
  CHECK_FALSE(read.find("b"));
  CHECK(json::parse("18446744073709551615", depth_max)->text == "18446744073709551615");
  CHECK(to_string_literal("\"\n") == R"("\"\n")");
  CHECK(to_string_literal("a\xff") == "\"a\xef\xbf\xbd\"");
}

TEST_CASE("what is not JSON, or could be understood in two ways, is malformed") {
  CHECK(fault_of("") == "malformed");
  CHECK(fault_of("{") == "malformed");
  CHECK(fault_of(R"({"a":)") == "/a malformed");
  CHECK(fault_of(std::string("7\0", 2)) == "malformed");
  CHECK(fault_of("\"\xff\"") == "malformed");
  CHECK(fault_of(R"("\ud800")") == "malformed");
  CHECK(fault_of(R"({"a":{"b":1,"b":2}})") == "/a/b repeated");
  CHECK(fault_of("[[[[]]]]") == "");
  CHECK(fault_of(R"({"a":[[[[]]]]})") == "/a too_deep");
}

TEST_CASE("an object is asked for, and nothing else will do") {
  CHECK(parse_object("{}", depth_max));
  for (const char* text : {"[]", "1", "null", "\"{}\""}) {
    const auto parsed = parse_object(text, depth_max);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == errc::invalid);
    CHECK(parsed.error().violations == std::vector<violation>{{"", "type"}});
  }
  CHECK(parse_object("{", depth_max).error().code == errc::malformed);
}

TEST_CASE("a step of a pointer is escaped") {
  CHECK(to_step("a") == "/a");
  CHECK(to_step("~a/b~1") == "/~0a~1b~01");
  CHECK(to_step("") == "/");
}

TEST_CASE("fields are taken out by their names") {
  reading one{R"({"text":"a","id":17,"inner":{"x":1},"list":["a","b"],"none":null,"empty":""})"};
  CHECK(one.root.text("text", true) == "a");
  CHECK(one.root.text("empty", false).empty());
  CHECK(one.root.text("absent", false).empty());
  CHECK(one.root.name("id", true) == "17");
  CHECK(one.root.name("text", true) == "a");
  REQUIRE(one.root.object("inner"));
  CHECK(one.root.object("inner")->find("x")->text == "1");
  CHECK(one.root.object("absent") == nullptr);
  CHECK(one.root.texts("list") == std::vector<std::string>{"a", "b"});
  CHECK(one.root.is_null("none"));
  CHECK_FALSE(one.root.is_null("absent"));
  CHECK_FALSE(one.root.is_null("text"));
  CHECK(one.found.empty());
}

TEST_CASE("a field that is not what was asked for is one violation") {
  reading one{R"({"number":1,"empty":"","list":[1,2],"nothing":[],"null":null,"a/b":1})"};
  CHECK(one.root.text("number", true).empty());
  CHECK(one.root.text("number", true).empty());
  CHECK(one.root.text("empty", true).empty());
  CHECK(one.root.text("null", true).empty());
  CHECK(one.root.object("list") == nullptr);
  CHECK(one.root.texts("nothing").empty());
  CHECK(one.root.texts("number").empty());
  one.root.note("a", "format");
  one.root.refuse_others({"number", "empty", "list", "nothing", "null"});
  CHECK(one.found == std::vector<violation>{{"/in/number", "type"},
                                            {"/in/empty", "required"},
                                            {"/in/null", "required"},
                                            {"/in/list", "type"},
                                            {"/in/nothing", "required"},
                                            {"/in/a", "format"},
                                            {"/in/a~1b", "unknown"}});
}

TEST_CASE("what in a list is not a text is one violation, and left out") {
  reading one{R"({"list":["a",1,"b",{}]})"};
  CHECK(one.root.texts("list") == std::vector<std::string>{"a", "b"});
  CHECK(one.found == std::vector<violation>{{"/in/list", "type"}});
}
