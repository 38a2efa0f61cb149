// A program that reads and writes JSON without HTTP.

#include <comments/json/decode.hpp>
#include <comments/json/encode.hpp>

#include <iostream>

int main() {
  const auto draft =
      comments::json::decode_draft(R"({"content_id":1,"body":"Primeiro Post!"})", "", {});
  if (!draft) return 1;
  const comments::content content{.content_id = draft->content_id, .version = 1, .comments = 1};
  const std::string text = comments::json::encode(content);
  std::cout << text << "\n";
  return text == R"({"content_id":"1","version":1,"comments":1,"status":"open"})" ? 0 : 1;
}
