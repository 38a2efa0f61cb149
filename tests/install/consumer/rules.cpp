// A program that blocks a word.

#include <comments/rules/blocked_words.hpp>

#include <iostream>

int main() {
  const auto words = comments::rules::word_list::parse("casino\n");
  if (!words) return 1;
  const auto found = comments::rules::blocked_words(*words)({.body = "Visit our CASINO!"}, {});
  std::cout << found.reason << "\n";
  return found == comments::hold("blocked: casino") ? 0 : 1;
}
