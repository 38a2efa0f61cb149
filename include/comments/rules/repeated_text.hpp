#pragma once
// rules/repeated_text.hpp - refuses a text that the same writer posted a short time ago.
//
// Texts are the same if they differ only in spaces, invisible characters and ASCII capitals. A
// writer is known by the client's address, and by the account, if there is one. A name and an
// e-mail address count only if the host's site vouches for them or if no client's address is known:
// else a stranger could keep people from saying "Obrigado!" by saying it first under their name.
//
//   options.rules.push_back(rules::repeated_text({.window = std::chrono::minutes{10}}));

#include <comments/lru.hpp>
#include <comments/moderation.hpp>
#include <comments/mutex.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace comments::rules {

struct repeated_text_options {
  std::chrono::milliseconds window{std::chrono::minutes{10}};  // then a text may be repeated
  std::size_t texts_max{100'000};  // remembered, at about 150 bytes; the oldest makes room
};

// Returns `text` without spaces and invisible characters, and with ASCII letters in lower case.
// Text that is not UTF-8 is returned as it is.
inline std::string without_spaces(std::string_view text) {
  std::string left;
  left.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t start = at;
    const auto point = next_code_point(text, at);
    if (!point) return std::string{text};
    if (is_invisible(*point)) continue;
    const bool is_capital = *point >= 'A' && *point <= 'Z';
    if (is_capital)
      left += static_cast<char>(*point + ('a' - 'A'));
    else
      left += text.substr(start, at - start);
  }
  return left;
}

// Remembers which texts were posted, by hashes of writer and text. Safe to use from any thread.
class said_texts final {
 public:
  explicit said_texts(repeated_text_options options)
      : window_{options.window}, said_{options.texts_max} {}

  // Returns whether one of `writers` posted this text within the window, under another key or under
  // none. If not, remembers it for all of them.
  bool find_or_add(const std::vector<std::string>& writers, const draft& draft, instant now) {
    const std::string text = without_spaces(draft.body);
    const mutex_lock lock{mutex_};
    for (const std::string& writer : writers) {
      const said_text* before = said_.find(name_of(writer, text));
      if (before && now - before->at < window_ && !is_retry(*before, draft)) return true;
    }
    for (const std::string& writer : writers)
      said_.put(name_of(writer, text), {.at = now, .key = hash_of(draft.key)});
    return false;
  }

 private:
  struct said_text {
    instant at{};
    std::size_t key{};
  };

  static std::size_t hash_of(const std::string& text) { return std::hash<std::string>{}(text); }
  static std::string name_of(const std::string& writer, const std::string& text) {
    return std::to_string(hash_of(writer + '\xff' + text));  // 0xff is no UTF-8
  }
  static bool is_retry(const said_text& before, const draft& draft) {
    return !draft.key.empty() && before.key == hash_of(draft.key);
  }

  const std::chrono::milliseconds window_;
  mutex mutex_{};
  lru<said_text> said_ COMMENTS_GUARDED_BY(mutex_);
};

// Returns the rule that refuses a repeated text, with the violation "repeated" at /body. A retry
// with the same key passes, because the store recognises it. The rule remembers a draft when it
// judges it, also if the draft then cannot be stored: a retry without a key is then refused.
inline rule repeated_text(repeated_text_options options = {}) {
  return [said = std::make_shared<said_texts>(options)](const draft& draft, const arrival& how) {
    std::vector<std::string> writers;
    if (!how.client.empty()) writers.push_back("client " + how.client);
    if (!how.network.empty()) writers.push_back("network " + how.network);
    const author& author = draft.author;
    if (!author.subject.empty())
      writers.push_back("subject " + author.subject);
    else if (author.verified || how.client.empty())
      writers.push_back("author " + author.email + '\xff' + author.name);
    const bool is_repeated = said->find_or_add(writers, draft, how.now);
    return is_repeated ? refuse({{"/body", "repeated"}}, "repeated text") : accept();
  };
}

}  // namespace comments::rules
