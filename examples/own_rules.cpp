// own_rules - a host's own rules, beside some that come with the library.
//
// A rule is a function of a draft and of how it came; five lines make one.

#include <comments/comments.hpp>
#include <comments/rules/links.hpp>
#include <comments/rules/trap.hpp>

#include <algorithm>
#include <iostream>

// Who shouts waits for a moderator.
comments::verdict hold_shouting(const comments::draft& draft, const comments::arrival&) {
  const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto capitals = std::ranges::count_if(draft.body, is_capital);
  return capitals > 20 ? comments::hold("shouting") : comments::accept();
}

int main() {
  const std::vector<comments::rule> rules{comments::rules::links(2), comments::rules::trap(),
                                          hold_shouting};
  const auto judged = [&](std::string body, bool is_trap_filled = false) {
    const auto found = comments::judge(rules, {.content_id = "1", .body = body},
                                       {.is_trap_filled = is_trap_filled});
    std::cout << to_text(found.outcome) << ": " << found.reason << "\n";
    return found;
  };
  using enum comments::outcome;
  const bool is_right =
      judged("Primeiro Post!").outcome == accept &&
      judged("PRIMEIRO POST! EU CHEGUEI PRIMEIRO!").outcome == hold &&
      judged("http://a.example.com http://b.example.com http://c.example.com").outcome == hold &&
      judged("THIS IS THE VERY BEST SHOP THERE IS!", true).outcome == spam;
  return is_right ? 0 : 1;
}
