// A program that writes an Atom feed.

#include <comments/feed/atom.hpp>

#include <iostream>
#include <string>

int main() {
  const std::string text = comments::feed::to_atom(
      {.id = "urn:example:1", .title = "Comments", .entries = {{.html = "Primeiro Post!"}}});
  std::cout << text << "\n";
  return text.find("Primeiro Post!") != std::string::npos ? 0 : 1;
}
