#pragma once
// language.hpp - the words of the server's pages, from the files that the widget has them from.
//
// apps/widget/languages/xx.json holds words by key. A word is a text, or an object with a text for
// each plural form ("one", "other"). `{name}` in a word stands for a value, `{n}` for the number.
//
//   const language& words = language_for(asked);
//   words.word("reply");                       // "Reply"
//   words.say("answer", {{"name", "Ana"}});    // "Reply to Ana"
//   words.count("replies", 3);                 // "3 replies"

#include <comments/http/message.hpp>

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace server {

class language final {
 public:
  using value = std::pair<std::string_view, std::string_view>;

  // `code` is a language tag (RFC 5646), `json` what its file holds. The sections `thread`, `page`
  // and `status` of the file are taken. Throws what the JSON library throws if the file is wrong.
  language(std::string code, std::string_view json);

  const std::string& code() const { return code_; }

  // Returns the word of that key: empty if there is none. `lang` is the language's own tag. A word
  // with plural forms is given in the one for many.
  std::string_view word(std::string_view key) const;

  // Returns the word with each `{name}` replaced by its value.
  std::string say(std::string_view key, std::initializer_list<value> named) const;

  // Returns the word in the plural form of `number`, with the number for `{n}`.
  std::string count(std::string_view key, std::int64_t number) const;

 private:
  struct forms {
    std::string one{};
    std::string other{};
  };

  std::string code_{};
  std::map<std::string, forms, std::less<>> words_{};
};

const language& english();

// Returns the language that `?lang=` asks for, or else Accept-Language; English if there are no
// words in that one. Answers that depend on it say `Vary: Accept-Language`.
const language& language_for(const comments::http::request& asked);

}  // namespace server
