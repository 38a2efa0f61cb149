#pragma once
// markdown/hints.ipp - definitions of markdown/hints.hpp.

#include <comments/markdown/hints.hpp>

#include <comments/characters.hpp>
#include <comments/markdown/bounds.hpp>
#include <comments/spoofing.hpp>
#include <comments/text.hpp>
#include <comments/validation.hpp>

#include <algorithm>
#include <array>

namespace comments::inline v0::markdown {

namespace detail {

inline constexpr std::string_view text_hint = "\u0090", letter_hint = "\u0091";
inline constexpr std::size_t hint_size = 2;
inline constexpr std::size_t number_digits = 3;  // each is a hint, so there are sixteen

// Whether a hint begins at `at`.
inline bool is_hint_at(std::string_view text, std::size_t at) {
  return at + 1 < text.size() && text[at] == '\xc2' &&
         (static_cast<unsigned char>(text[at + 1]) & 0xf0) == 0x90;
}

// Returns the last code point that ends before `at`, or a line break if there is none.
inline char32_t point_before(std::string_view text, std::size_t at) {
  if (at == 0) return '\n';
  std::size_t begin = at - 1;
  while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xc0) == 0x80) --begin;
  return next_code_point(text, begin).value_or('\n');
}

inline char32_t point_at(std::string_view text, std::size_t at) {
  return at < text.size() ? next_code_point(text, at).value_or('\n') : '\n';
}

// Returns where the address begins that a link's definition at `at`, a "[", would have: behind
// "]:". Nothing if there is no label.
inline std::optional<std::size_t> find_definition(std::string_view text, std::size_t at) {
  constexpr std::size_t label_bytes_max = 999;
  const std::string_view label = text.substr(at + 1, label_bytes_max + 1);
  std::size_t end = 0;
  while (end < label.size() && label[end] != '[' && label[end] != ']')
    end += label[end] == '\\' ? 2 : 1;
  const bool is_one = end < label.size() && label[end] == ']' &&
                      label.substr(0, end).find_first_not_of(" \t\r\n") != label.npos &&
                      text.substr(at + end + 2).starts_with(':');
  if (!is_one) return std::nullopt;
  std::size_t behind = std::min(text.find_first_not_of(" \t", at + end + 3), text.size());
  if (text.substr(behind).starts_with("\r\n")) ++behind;
  if (behind < text.size() && (text[behind] == '\n' || text[behind] == '\r'))
    behind = std::min(text.find_first_not_of(" \t>", behind + 1), text.size());
  return behind + (text.substr(behind).starts_with('<') ? 1 : 0);
}

// Whether `url` may be where a link leads. So that hints stand in front of few addresses, it must
// be so without any escape.
inline bool is_linkable(std::string_view url) {
  constexpr std::array<std::string_view, 3> schemes{"http://", "https://", "mailto:"};
  const std::string start = to_lower_ascii(url.substr(0, 8));
  return std::ranges::any_of(schemes, [&](auto scheme) { return start.starts_with(scheme); });
}

// Writes one source, from its beginning to its end.
class hint_writer final {
 public:
  hint_writer(std::string_view source, const std::vector<bool>* used)
      : source_{source}, used_{used} {}

  hinted_source write() {
    made_.text.reserve(source_.size() + 64);
    while (at_ < source_.size()) step();
    return std::move(made_);
  }

 private:
  // What stands at the beginning of a line: quotes, spaces, markers of list items.
  struct line {
    std::size_t begin{};  // in what is written
    std::size_t text{};   // in the source: what is behind the marks
    bool is_blank{};      // has nothing behind them
    bool has_marker{};    // of a list item
    bool is_defining{};   // begins with a definition that is text, at a paragraph's beginning
  };

  char next() const { return source_[at_]; }
  std::string_view rest() const { return source_.substr(at_); }
  void copy(std::size_t size) {
    size = std::min(size, source_.size() - at_);
    made_.text += source_.substr(at_, size);
    at_ += size;
  }

  void step() {
    if (at_ == line_begin_) begin_line();
    if (at_ >= source_.size()) return;
    if (at_ == number_at_) write_number();
    const char c = next();
    if (c == '\\' && rest().size() > 1 && rest()[1] != '\n' && rest()[1] != '\r') {
      copy(2);
    } else if (c == '*' || c == '~' || c == '_') {
      write_delimiters();
    } else if (c == '[') {
      const bool is_text = write_bracket();
      copy(1);
      if (is_text) made_.text += text_hint;  // and no link either
    } else {
      copy_plain();
    }
  }

  // Copies at least one character, and those behind it up to a sign or the end of the line.
  void copy_plain() {
    const auto is_sign = [](char c) {
      return c == '\\' || c == '*' || c == '~' || c == '_' || c == '[';
    };
    const std::size_t most = std::min(number_at_, source_.size());
    std::size_t end = at_ + 1;
    char last = source_[at_];
    const auto ends_line = [&] {
      return last == '\n' || (last == '\r' && !source_.substr(end).starts_with('\n'));
    };
    while (end < most && !is_sign(source_[end]) && !ends_line()) last = source_[end++];
    copy(end - at_);
    if (ends_line()) line_begin_ = at_;
  }

  void begin_line() {
    const line before = line_;
    const bool is_first = at_ == 0;
    line_ = {.begin = made_.text.size(), .text = at_};
    while (line_.text < source_.size()) {
      const std::string_view left = source_.substr(line_.text);
      const std::size_t marker = marker_size(left.substr(0, left.find_first_of("\r\n")));
      const bool is_mark = std::string_view{" \t>"}.find(left[0]) != left.npos;
      if (!is_mark && marker == 0) break;
      line_.has_marker = line_.has_marker || marker > 0;
      line_.text += std::max<std::size_t>(marker, 1);
    }
    const std::string_view left = source_.substr(line_.text);
    line_.is_blank = left.empty() || left[0] == '\n' || left[0] == '\r';
    may_define_ = is_first || before.is_blank || line_.has_marker || before.is_defining;
    follows_definition_ = before.is_defining;
  }

  // Writes what stands before a "[". Returns whether it is that of a definition that is text.
  bool write_bracket() {
    const bool begins_line = at_ == line_.text;
    const std::string_view left = rest();
    const bool is_box = left.size() > 3 && std::string_view{" xX"}.find(left[1]) != left.npos &&
                        left[2] == ']' && (left[3] == ' ' || left[3] == '\t');
    if (begins_line && line_.has_marker && is_box) made_.text += task_hint;
    if (at_ > 0 && std::string_view{" \t\n\r>"}.find(source_[at_ - 1]) == left.npos) return false;
    const auto address = find_definition(source_, at_);
    if (!address) return false;
    if (is_linkable(source_.substr(*address)) && made_.definitions < definitions_max) {
      number_ = made_.definitions++;
      if (!used_ || (number_ < used_->size() && (*used_)[number_])) {
        number_at_ = *address;
        if (begins_line && follows_definition_ && !line_.has_marker) part_lines();
        return false;
      }
    }
    made_.text += text_hint;
    line_.is_defining = line_.is_defining || (begins_line && may_define_);
    return true;
  }

  // A definition cannot stand in a paragraph, and the line before is one now.
  void part_lines() {
    const std::string marks = made_.text.substr(line_.begin);
    made_.text += "\n" + marks;
  }

  void write_number() {
    for (std::size_t digit = number_digits; digit-- > 0;) {
      made_.text += '\xc2';
      made_.text += static_cast<char>(0x90 + ((number_ >> (4 * digit)) & 15));
    }
    number_at_ = source_.npos;
  }

  // Copies a row of * and ~. "_" is left alone: within words it is none, whatever stands around.
  void write_delimiters() {
    const std::size_t end = std::min(source_.find_first_not_of("*~_", at_), source_.size());
    const char32_t before = point_before(source_, at_), after = point_at(source_, end);
    const auto is_blank = [](char32_t point) { return point < 0x20 || is_space(point); };
    const auto is_mark = [](char32_t point) {
      return is_east_asian(point) && is_punctuation(point);
    };
    const auto is_letter = [&](char32_t point) {
      const bool is_ascii = point < 0x80 && is_ascii_alphanumeric(static_cast<char>(point));
      return is_ascii || (is_east_asian(point) && !is_punctuation(point));
    };
    const auto needs = [&](char32_t beside, char32_t beyond) {
      if (is_blank(beside)) return false;
      return is_mark(beside) || (is_east_asian(beyond) && !is_blank(beyond) && !is_letter(beside));
    };
    const bool is_told = source_.substr(at_, end - at_).find('_') == source_.npos &&
                         emphasis_hints_ < emphasis_hints_max;
    const bool is_before = is_told && needs(before, after);
    const bool is_after = is_told && needs(after, before);
    while (at_ < end) {
      const std::size_t run = std::min(source_.find_first_not_of(next(), at_), end) - at_;
      if (is_before) made_.text += letter_hint;
      copy(run);
      if (is_after) made_.text += letter_hint;
      emphasis_hints_ += is_before + is_after;
    }
  }

  const std::string_view source_;
  const std::vector<bool>* const used_;
  hinted_source made_{};
  std::size_t at_{};
  std::size_t line_begin_{};
  line line_{};
  bool may_define_{};          // a paragraph may begin here
  bool follows_definition_{};  // the line before is one that is text
  std::size_t number_{};
  std::size_t number_at_{std::string_view::npos};  // where it will stand
  std::size_t emphasis_hints_{};
};

}  // namespace detail

COMMENTS_INLINE hinted_source add_hints(std::string_view source, const std::vector<bool>* used) {
  return detail::hint_writer{source, used}.write();
}

COMMENTS_INLINE std::optional<std::size_t> number_of_definition(std::string_view url) {
  std::size_t number = 0;
  for (std::size_t i = 0; i < detail::number_digits; ++i) {
    const std::size_t at = i * detail::hint_size;
    if (!detail::is_hint_at(url, at)) return std::nullopt;
    number = number * 16 + (static_cast<unsigned char>(url[at + 1]) & 15u);
  }
  return number;
}

COMMENTS_INLINE std::string without_hints(std::string_view text) {
  std::string left;
  left.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t next = std::min(text.find('\xc2', at), text.size());
    left += text.substr(at, next - at);
    at = next;
    if (detail::is_hint_at(text, at))
      at += detail::hint_size;
    else if (at < text.size())
      left += text[at++];
  }
  return left;
}

}  // namespace comments::inline v0::markdown
