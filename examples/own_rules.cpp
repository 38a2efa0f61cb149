// own_rules - a host's own rules, beside some that come with the library.
//
// A rule is a function of a draft and of how it came; five lines make one.

#include <comments/comments.hpp>
#include <comments/rules/honeypot.hpp>
#include <comments/rules/links.hpp>

#include <algorithm>
#include <iostream>

// Holds a comment in capitals for a moderator.
comments::verdict hold_shouting(const comments::draft& draft, const comments::arrival&) {
  const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto capitals = std::ranges::count_if(draft.body, is_capital);
  return capitals > 20 ? comments::hold("shouting") : comments::accept();
}

int main() {
  // A service asks them about every draft and edit that is not a moderator's.
  comments::memory_store store;
  comments::service_options options;
  options.rules = {comments::rules::links(2), comments::rules::honeypot(), hold_shouting};
  comments::service api{store, options};

  const auto posted = [&](std::string body, bool is_honeypot_filled = false) {
    const auto made = api.post({.content_id = "1", .body = body}, {},
                               {.how = {.is_honeypot_filled = is_honeypot_filled}});
    const auto past = store.history(made->stored.id, 0, 1);
    std::cout << to_text(made->stored.status) << ": " << past->front().reason << "\n";
    return made->stored.status;
  };
  using enum comments::status;
  const bool is_right =
      posted("Primeiro Post!") == published &&
      posted("PRIMEIRO POST! EU CHEGUEI PRIMEIRO!") == pending &&
      posted("http://a.example.com http://b.example.com http://c.example.com") == pending &&
      posted("THIS IS THE VERY BEST SHOP THERE IS!", true) == spam;
  return is_right ? 0 : 1;
}
