#pragma once
// rules/blocked_words.hpp - holds comments with certain words or phrases.
//
// Texts are compared as words: runs of letters, marks and digits, in Unicode's compatibility and
// case folding (as NFKC_Casefold does it), without invisible characters. So "CASINO", "ｃａｓｉｎｏ"
// and a "casino" with a zero-width space in it are "casino", and "casinos" is not. A phrase is
// found across any spaces and punctuation. In scripts that put no spaces between words every
// character counts as a word. Hangul is compared by syllables, because particles stand directly
// behind words: "카지노" is in "온라인카지노에서", and "사기" is not in "회사 기술". Letters of two
// scripts that look alike are different letters. Only this header includes utf8proc.h.
//
// What a reader sees is judged: give the rule a reader of the renderer that is used, so that
// "ca**si**no" is "casino". The body as it was written is judged, too, for the addresses in it.
//
//   const renderer body;
//   const auto words = rules::word_list::parse("# a comment\ncasino\nbuy now\n");
//   if (words) options.rules.push_back(rules::blocked_words(*words, to_plain_reader(body)));

#include <comments/moderation.hpp>
#include <comments/renderer.hpp>
#include <comments/result.hpp>
#include <comments/text.hpp>

#include <utf8proc.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace comments::inline v0::rules {

// Returns well-formed `text` decomposed and folded, so that texts that read the same are equal.
std::u32string fold(std::string_view text);

// Returns the words of well-formed `text`, folded. A syllable of Hangul directly behind another one
// begins with "+".
std::vector<std::u32string> to_words(std::string_view text);

// Words and phrases to look for. The time that `find` takes grows with the text and not with the
// list, as long as no phrase repeats itself.
class word_list final {
 public:
  static constexpr std::size_t entries_max{10'000};
  static constexpr std::size_t line_bytes_max{255};

  // Reads a word or a phrase from each line of `text`. Skips blank lines, and lines that start with
  // #. `invalid`, with the number of the line, if one is longer than `line_bytes_max`, is not
  // UTF-8, has no letter and no digit, or comes after `entries_max` others.
  static result<word_list> parse(std::string_view text);

  // Returns the first entry that is in well-formed `text`, as its line has it; or nothing.
  std::optional<std::string_view> find(std::string_view text) const;

 private:
  // A word of an entry, in a tree that phrases with the same beginning share.
  struct node {
    std::unordered_map<std::u32string, std::size_t> next{};  // by the word behind it
    std::string entry{};                                     // that ends here; empty: none does
  };

  void add(const std::vector<std::u32string>& words, std::string_view line);
  const std::string* entry_at_start(std::span<const std::u32string> words,
                                    std::size_t at = 0) const;

  std::vector<node> nodes_{1};
};

// Returns the rule that holds a draft with one of `words` in its body, as it is shown or as it was
// written, in its author's name or in its author's web address. Without `shown` a body is shown as
// it was written.
rule blocked_words(word_list words, plain_reader shown = {});

// --- definitions ---

namespace detail {

// Scripts that put no spaces between words: from the first to the last of their blocks.
inline constexpr std::pair<char32_t, char32_t> blocks_without_spaces[] = {
    {0xe00, 0x109f},     // Thai, Lao, Tibetan, Burmese
    {0x1780, 0x17ff},    // Khmer
    {0x1950, 0x19df},    // Tai Le, New Tai Lue
    {0x1a20, 0x1aaf},    // Tai Tham
    {0x1b00, 0x1b7f},    // Balinese
    {0x3005, 0x312f},    // kana, Bopomofo
    {0x31a0, 0x31ff},    // the same
    {0x3400, 0xa63f},    // Han, Yi, Vai
    {0xa980, 0xaadf},    // Javanese, Burmese, Cham, Tai Viet
    {0x16fe0, 0x1b2ff},  // Tangut, Nushu, kana
    {0x20000, 0x3ffff},  // Han
};

inline bool is_written_without_spaces(char32_t point) {
  return std::ranges::any_of(blocks_without_spaces, [point](const auto& block) {
    return point >= block.first && point <= block.second;
  });
}

// Whether `point` begins a syllable of Hangul, or goes on with one, when it is decomposed.
inline bool begins_syllable(char32_t point) {
  return (point >= 0x1100 && point <= 0x115f) || (point >= 0xa960 && point <= 0xa97f);
}
inline bool continues_syllable(char32_t point) {
  return (point >= 0x1160 && point <= 0x11ff) || (point >= 0xd7b0 && point <= 0xd7ff);
}

}  // namespace detail

// Sorts marks itself: utf8proc takes time in the square of their number.
inline std::u32string fold(std::string_view text) {
  constexpr auto how = static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT |
                                                      UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
  constexpr std::size_t room = 32;  // the longest decomposition, of U+FDFA, has 18
  std::u32string folded;
  for (std::size_t at = 0; at < text.size();) {
    const auto point = next_code_point(text, at);
    if (!point) break;
    utf8proc_int32_t parts[room];
    int boundary = 0;
    const auto count =
        utf8proc_decompose_char(static_cast<utf8proc_int32_t>(*point), parts, room, how, &boundary);
    for (utf8proc_ssize_t i = 0; i < std::min<utf8proc_ssize_t>(count, room); ++i)
      folded += static_cast<char32_t>(parts[i]);
  }
  const auto class_of = [](char32_t point) {
    return utf8proc_get_property(static_cast<utf8proc_int32_t>(point))->combining_class;
  };
  const auto is_mark = [&](char32_t point) { return class_of(point) > 0; };
  for (auto at = folded.begin(); at != folded.end();) {  // UAX #15: marks in order of their class
    const auto first = std::find_if(at, folded.end(), is_mark);
    at = std::find_if_not(first, folded.end(), is_mark);
    std::ranges::stable_sort(first, at, {}, class_of);
  }
  return folded;
}

inline std::vector<std::u32string> to_words(std::string_view text) {
  enum class kind { none, letters, alone, syllable } before{};
  std::vector<std::u32string> words;
  for (const char32_t point : fold(text)) {
    const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(point));
    const bool is_mark = category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
    const bool is_syllable = detail::begins_syllable(point) || detail::continues_syllable(point);
    kind is = kind::none;
    if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO)
      is = is_syllable                                ? kind::syllable
           : detail::is_written_without_spaces(point) ? kind::alone
                                                      : kind::letters;
    if (is_mark && before != kind::none) is = before;
    const bool goes_on = is == before && (is_mark || is == kind::letters ||
                                          (is_syllable && detail::continues_syllable(point)));
    if (is != kind::none && !goes_on)
      words.emplace_back(is == kind::syllable && before == is ? U"+" : U"");
    if (is != kind::none) words.back() += point;
    before = is;
  }
  return words;
}

inline result<word_list> word_list::parse(std::string_view text) {
  word_list read;
  std::size_t number = 0, entries = 0;
  if (text.starts_with("\ufeff")) text.remove_prefix(3);  // as some editors begin a file
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto wrong = [number](const std::string& fault) {
      return error{errc::invalid, "line " + std::to_string(number) + " " + fault + ".", {}};
    };
    if (line.size() > line_bytes_max)
      return wrong("is longer than " + std::to_string(line_bytes_max) + " bytes");
    if (!is_utf8(line)) return wrong("is not UTF-8");
    if (has_control(line, "\t")) return wrong("has a control character");
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    line = line.substr(0, line.find_last_not_of(" \t") + 1);
    if (is_blank(line) || line.front() == '#') continue;
    const auto words = to_words(line);
    if (words.empty()) return wrong("has no letter and no digit");
    if (++entries > entries_max)
      return wrong("is one too many: " + std::to_string(entries_max) + " entries are the most");
    read.add(words, line);
  }
  return read;
}

inline std::optional<std::string_view> word_list::find(std::string_view text) const {
  const auto words = to_words(text);
  for (std::span<const std::u32string> rest{words}; !rest.empty(); rest = rest.subspan(1))
    if (const std::string* entry = entry_at_start(rest)) return *entry;
  return std::nullopt;
}

inline void word_list::add(const std::vector<std::u32string>& words, std::string_view line) {
  std::size_t at = 0;
  for (const std::u32string& word : words) {
    const auto [known, is_new] = nodes_[at].next.try_emplace(word, nodes_.size());
    at = known->second;
    if (is_new) nodes_.emplace_back();
  }
  nodes_[at].entry = line;
}

// A syllable that goes on a word in the text may begin one in the entry: spaces between words of
// Korean are often left out. The first one may always.
inline const std::string* word_list::entry_at_start(std::span<const std::u32string> words,
                                                    std::size_t at) const {
  if (!nodes_[at].entry.empty()) return &nodes_[at].entry;
  if (words.empty()) return nullptr;
  const auto find_behind = [&](const std::u32string& word) -> const std::string* {
    const auto next = nodes_[at].next.find(word);
    if (next == nodes_[at].next.end()) return nullptr;
    return entry_at_start(words.subspan(1), next->second);
  };
  const std::u32string& word = words.front();
  const std::string* found = find_behind(word);
  if (!found && word.front() == U'+') found = find_behind(word.substr(1));
  return found;
}

inline rule blocked_words(word_list words, plain_reader shown) {
  return [list = std::make_shared<const word_list>(std::move(words)), shown = std::move(shown)](
             const draft& draft, const arrival&) {
    const std::string seen = shown ? shown(draft.body) : std::string{};
    for (const std::string* text : {&seen, &draft.body, &draft.author.name, &draft.author.url})
      if (const auto entry = list->find(*text)) return hold("blocked: " + std::string{*entry});
    return accept();
  };
}

}  // namespace comments::inline v0::rules
