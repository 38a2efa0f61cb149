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

namespace comments::inline v0::rules {

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

  enum class finding { is_new, is_retry, is_repeated };

  // Returns whether one of `writers` posted this text within the window, under another key or under
  // none. If not, remembers it for all of them.
  finding find_or_add(const std::vector<std::string>& writers, const draft& draft, instant now) {
    const std::string body = without_spaces(draft.body);
    const mutex_lock lock{mutex_};
    finding found = finding::is_new;
    for (const std::string& writer : writers) {
      const said_text* before = said_.find(name_of(writer, body));
      if (!before || before->is_forgotten || now - before->at >= window_) continue;
      if (!is_retry(*before, draft)) return finding::is_repeated;
      found = finding::is_retry;
    }
    remember(writers, body, draft, now);
    return found;
  }

  // Remembers that `body` is what an edit replaces.
  void claim(const std::vector<std::string>& writers, const std::string& body, const draft& edit,
             instant now) {
    const mutex_lock lock{mutex_};
    remember(writers, without_spaces(body), edit, now);
  }

  // Remembers a text no more.
  void forget(const std::vector<std::string>& writers, const std::string& body) {
    const std::string text = without_spaces(body);
    const mutex_lock lock{mutex_};
    for (const std::string& writer : writers)
      if (said_text* said = said_.find(name_of(writer, text))) said->is_forgotten = true;
  }

 private:
  struct said_text {
    instant at{};
    std::size_t key{};
    bool is_forgotten{};
  };

  void remember(const std::vector<std::string>& writers, const std::string& text, const draft& of,
                instant now) COMMENTS_REQUIRES(mutex_) {
    for (const std::string& writer : writers)
      said_.put(name_of(writer, text), {.at = now, .key = key_of(of)});
  }
  static std::size_t hash_of(const std::string& text) { return std::hash<std::string>{}(text); }
  static std::string name_of(const std::string& writer, const std::string& text) {
    return std::to_string(hash_of(writer + '\xff' + text));  // 0xff is no UTF-8
  }
  // The same key on another content is another request.
  static std::size_t key_of(const draft& draft) {
    return hash_of(draft.content_id + '\xff' + draft.key);
  }
  static bool is_retry(const said_text& before, const draft& draft) {
    return !draft.key.empty() && before.key == key_of(draft);
  }

  const std::chrono::milliseconds window_;
  mutex mutex_{};
  lru<said_text> said_ COMMENTS_GUARDED_BY(mutex_);
};

// Returns whom a text counts for.
inline std::vector<std::string> writers_of(const author& author, const arrival& how) {
  std::vector<std::string> writers;
  if (!how.client.empty()) writers.push_back("client " + how.client);
  if (!how.network.empty()) writers.push_back("network " + how.network);
  if (!author.subject.empty())
    writers.push_back("subject " + author.subject);
  else if (author.verified || how.client.empty())
    writers.push_back("author " + author.email + '\xff' + author.name);
  return writers;
}

// Returns the rule that refuses a repeated text, with the violation "repeated" at /body. A retry
// with the same key passes, because the store recognises it, and so does an edit that changes
// nothing or takes a change back. The rule remembers a draft when it judges it, and forgets it if
// it is not stored, so that it may come again.
inline rule repeated_text(repeated_text_options options = {}) {
  return [said = std::make_shared<said_texts>(options)](const draft& draft, const arrival& how) {
    const std::vector<std::string> writers = writers_of(draft.author, how);
    if (how.is_edit) said->claim(writers, how.before, draft, how.now);
    const auto found = said->find_or_add(writers, draft, how.now);
    if (found == said_texts::finding::is_repeated)
      return refuse({{"/body", "repeated"}}, "repeated text");
    verdict accepted = accept();
    if (found == said_texts::finding::is_new)
      accepted.forget = [said, writers, body = draft.body] { said->forget(writers, body); };
    return accepted;
  };
}

}  // namespace comments::inline v0::rules
