#pragma once
// rules/repeated_text.hpp - the same text from the same writer again, within a while, is refused.
//
// The same means: with other spaces, invisible characters or ASCII capitals, too. A writer is a
// client, and a signed-in author is the same one from any client. A name or an e-mail address that
// nobody vouches for makes nobody the same: else a stranger could keep people from saying
// "Obrigado!" by saying it before them in their name. Where no client is known, it is all there is,
// and counts.
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
  std::chrono::milliseconds window{std::chrono::minutes{10}};  // as old as this is old enough
  std::size_t texts_max{100'000};  // remembered; about 150 bytes each; the oldest makes room
};

// `text` without what leaves no mark, and in lower case as far as it is ASCII.
inline std::string without_spaces(std::string_view text) {
  std::string left;
  left.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t start = at;
    const auto point = next_code_point(text, at);
    if (!point) return std::string{text};  // no UTF-8: only the same bytes are the same
    if (is_invisible(*point)) continue;
    const bool is_capital = *point >= 'A' && *point <= 'Z';
    if (is_capital)
      left += static_cast<char>(*point + ('a' - 'A'));
    else
      left += text.substr(start, at - start);
  }
  return left;
}

// What was said a while ago, by hashes of writer and text.
class said_texts final {
 public:
  explicit said_texts(repeated_text_options options)
      : window_{options.window}, said_{options.texts_max} {}

  // Whether one of `writers` said this before, under another key or under none. Remembers it, if
  // not.
  bool is_repeated(const std::vector<std::string>& writers, const draft& draft, instant now) {
    const std::string text = without_spaces(draft.body);
    const mutex_lock lock{mutex_};
    for (const std::string& writer : writers) {
      const saying* before = said_.find(name_of(writer, text));
      if (before && now - before->at < window_ && !is_retry(*before, draft)) return true;
    }
    for (const std::string& writer : writers)
      said_.put(name_of(writer, text), {.at = now, .key = hash_of(draft.key)});
    return false;
  }

 private:
  struct saying {
    instant at{};
    std::size_t key{};
  };

  static std::size_t hash_of(const std::string& text) { return std::hash<std::string>{}(text); }
  static std::string name_of(const std::string& writer, const std::string& text) {
    return std::to_string(hash_of(writer + '\xff' + text));  // 0xff is no UTF-8
  }
  static bool is_retry(const saying& before, const draft& draft) {
    return !draft.key.empty() && before.key == hash_of(draft.key);
  }

  const std::chrono::milliseconds window_;
  mutex mutex_{};
  lru<saying> said_ COMMENTS_GUARDED_BY(mutex_);
};

// Refuses a draft whose text its writer posted before, within the window, with "repeated" at /body.
// A retry under the same Idempotency-Key passes: the store answers it as what it is. Without a key,
// what was judged and then failed to be stored is remembered all the same.
inline rule repeated_text(repeated_text_options options = {}) {
  return [said = std::make_shared<said_texts>(options)](const draft& draft, const arrival& how) {
    std::vector<std::string> writers;
    if (!how.client.empty()) writers.push_back("client " + how.client);
    const author& who = draft.author;
    if (!who.subject.empty())
      writers.push_back("subject " + who.subject);
    else if (who.verified || how.client.empty())
      writers.push_back("author " + who.email + '\xff' + who.name);
    const bool is_repeated = said->is_repeated(writers, draft, how.now);
    return is_repeated ? refuse({{"/body", "repeated"}}, "repeated text") : accept();
  };
}

}  // namespace comments::rules
