#pragma once
// markdown/cmark.ipp - definitions of markdown/cmark.hpp.

#include <comments/markdown/cmark.hpp>

#include <comments/markdown/addresses.hpp>
#include <comments/markdown/hints.hpp>
#include <comments/mutex.hpp>
#include <comments/text.hpp>

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm-extension_api.h>
#include <cmark-gfm.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <utility>
#include <vector>

namespace comments::inline v0::markdown {

COMMENTS_INLINE std::string to_href(std::string_view url) {
  constexpr std::string_view plain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~:/?#[]@!$()*+,;=%";
  constexpr std::array<std::string_view, 3> schemes{"http://", "https://", "mailto:"};
  const auto begins_with = [&](std::string_view scheme) {
    const auto is_same = [](char given, char lower) {
      return (given >= 'A' && given <= 'Z' ? given - 'A' + 'a' : given) == lower;
    };
    return url.size() > scheme.size() &&
           std::ranges::equal(url.substr(0, scheme.size()), scheme, is_same);
  };
  std::string href;
  if (std::ranges::none_of(schemes, begins_with)) return href;
  for (const char c : url) {
    const auto byte = static_cast<unsigned char>(c);
    constexpr std::string_view digits = "0123456789ABCDEF";
    if (plain.find(c) != plain.npos)
      href += c;
    else if (c == '&')
      href += "&amp;";
    else
      href.append({'%', digits[byte >> 4], digits[byte & 15]});
  }
  return href;
}

COMMENTS_INLINE std::string to_language_class(std::string_view info) {
  constexpr std::size_t size_max = 32;
  const std::string_view word = info.substr(0, info.find_first_of(" \t\n"));
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '-';
  };
  const bool is_word =
      !word.empty() && word.size() <= size_max && std::ranges::all_of(word, is_plain);
  return is_word ? "language-" + std::string{word} : "";
}

COMMENTS_INLINE bool is_no_character(char32_t point) {
  const bool is_space = point == '\n' || point == '\t';
  return (is_control(point) && !is_space) || (point & 0xfffe) == 0xfffe ||
         (point >= 0xfdd0 && point <= 0xfdef);
}

namespace detail {

// Returns `text` without hints, and with U+FFFD for each of those. They get in as "&#1;", for
// example.
inline std::string only_characters(std::string_view text) {
  std::string kept;
  kept.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const auto point = next_code_point(text, at);
    if (!point) ++at;
    if (point && is_hint(*point)) continue;
    if (!point || is_no_character(*point))
      kept += "\xef\xbf\xbd";
    else
      kept += text.substr(begin, at - begin);
  }
  return kept;
}

// Writes one document. Its only state is the HTML so far, so each element is closed by the node
// that opened it.
class html_writer final {
 public:
  // `used` has a place for each definition with a number, and gets to know those that links use.
  html_writer(const limits& most, std::vector<bool>& used) : most_{most}, used_{used} {}

  // Returns the HTML of `document`; nothing if it would be deeper or longer than the limits allow,
  // or if a reader would see none of it (of a link's definition, for one).
  std::optional<std::string> write(cmark_node* document);

 private:
  void write_block(cmark_node* node, bool is_enter);
  void write_inline(cmark_node* node, bool is_enter);
  void enter_link(cmark_node* node);
  void exit_link(cmark_node* node);
  void write_list(cmark_node* node, bool is_enter);
  void write_code_block(cmark_node* node);
  void write_table(cmark_node* node, bool is_enter);
  void write_cell(cmark_node* cell, bool is_enter);
  std::string_view write_box(cmark_node* node, std::string_view text);
  void write_text(std::string_view text);
  void see(std::string_view text);
  void element(const std::string& name, bool is_enter, std::string_view after_begin,
               std::string_view after_end);
  void begin_line();

  const limits& most_;
  std::vector<bool>& used_;
  std::string html_{};
  std::size_t column_{0};             // of the next cell in its row
  bool is_body_open_{false};          // of the table
  std::size_t seen_{0};               // where the last text ended that a reader can see
  std::vector<std::size_t> links_{};  // where the text of each begins, the innermost last
  cmark_node* labelled_{nullptr};     // the last paragraph that began with a box
  cmark_node* open_link_{nullptr};    // the one that is an <a>
};

inline std::string_view view(const char* text) { return text ? text : std::string_view{}; }

// Whether a paragraph stands in a list whose items have no blank lines between them.
inline bool is_tight(cmark_node* paragraph) {
  cmark_node* const item = cmark_node_parent(paragraph);
  cmark_node* const list = item ? cmark_node_parent(item) : nullptr;
  return list && cmark_node_get_type(list) == CMARK_NODE_LIST && cmark_node_get_list_tight(list);
}

inline std::optional<std::string> html_writer::write(cmark_node* document) {
  const std::unique_ptr<cmark_iter, decltype(&cmark_iter_free)> steps{cmark_iter_new(document),
                                                                      cmark_iter_free};
  std::size_t depth = 0;
  for (cmark_event_type step; (step = cmark_iter_next(steps.get())) != CMARK_EVENT_DONE;) {
    cmark_node* const node = cmark_iter_get_node(steps.get());
    const bool is_parent = cmark_node_first_child(node) != nullptr;
    if (step == CMARK_EVENT_ENTER && is_parent && ++depth > most_.depth_max) return std::nullopt;
    if (step == CMARK_EVENT_EXIT && is_parent) --depth;
    if ((cmark_node_get_type(node) & CMARK_NODE_TYPE_MASK) == CMARK_NODE_TYPE_INLINE)
      write_inline(node, step == CMARK_EVENT_ENTER);
    else
      write_block(node, step == CMARK_EVENT_ENTER);
    if (html_.size() > most_.html_bytes_max) return std::nullopt;
  }
  if (seen_ == 0) return std::nullopt;
  return std::move(html_);
}

inline void html_writer::write_block(cmark_node* node, bool is_enter) {
  switch (cmark_node_get_type(node)) {
    case CMARK_NODE_PARAGRAPH:
      if (!is_enter && node == labelled_) html_ += "</label>";
      if (!is_tight(node)) element("p", is_enter, "", "\n");
      break;
    case CMARK_NODE_HEADING: {
      // The page's own outline has its h1 and h2.
      const int level = std::min(cmark_node_get_heading_level(node) + 2, 6);
      element("h" + std::to_string(level), is_enter, "", "\n");
      break;
    }
    case CMARK_NODE_BLOCK_QUOTE: element("blockquote", is_enter, "\n", "\n"); break;
    case CMARK_NODE_LIST: write_list(node, is_enter); break;
    case CMARK_NODE_ITEM: element("li", is_enter, "", "\n"); break;
    case CMARK_NODE_THEMATIC_BREAK:
      begin_line();
      html_ += "<hr>\n";
      break;
    case CMARK_NODE_CODE_BLOCK: write_code_block(node); break;
    case CMARK_NODE_HTML_BLOCK: {
      const std::string source = only_characters(view(cmark_node_get_literal(node)));
      begin_line();
      html_ += to_paragraphs(source);
      see(source);
      break;
    }
    default: write_table(node, is_enter);
  }
}

inline void html_writer::write_inline(cmark_node* node, bool is_enter) {
  switch (cmark_node_get_type(node)) {
    case CMARK_NODE_TEXT: write_text(write_box(node, view(cmark_node_get_literal(node)))); break;
    case CMARK_NODE_HTML_INLINE: write_text(view(cmark_node_get_literal(node))); break;
    case CMARK_NODE_CODE:
      html_ += "<code>";
      write_text(view(cmark_node_get_literal(node)));
      html_ += "</code>";
      break;
    case CMARK_NODE_SOFTBREAK:  // a line break in a comment is meant as one
    case CMARK_NODE_LINEBREAK: html_ += "<br>\n"; break;
    case CMARK_NODE_EMPH: html_ += is_enter ? "<em>" : "</em>"; break;
    case CMARK_NODE_STRONG: html_ += is_enter ? "<strong>" : "</strong>"; break;
    case CMARK_NODE_LINK:
    case CMARK_NODE_IMAGE:
      if (is_enter)
        enter_link(node);
      else
        exit_link(node);
      break;
    default:
      if (view(cmark_node_get_type_string(node)) == "strikethrough")
        html_ += is_enter ? "<del>" : "</del>";
  }
}

// A picture would tell a stranger's server who reads here, so it becomes a link with its
// description as text. A link without visible text has its address as text. HTML has no link within
// a link: the outer one stays.
inline void html_writer::enter_link(cmark_node* node) {
  const std::string_view url = view(cmark_node_get_url(node));
  const std::string href = to_href(without_hints(url));
  const std::size_t number = number_of_definition(url).value_or(used_.size());
  if (number < used_.size() && !href.empty()) used_[number] = true;
  if (!href.empty() && !open_link_) {
    open_link_ = node;
    html_ += "<a href=\"" + href + "\" rel=\"nofollow ugc noopener noreferrer\">";
  }
  links_.push_back(html_.size());
}

inline void html_writer::exit_link(cmark_node* node) {
  if (seen_ <= links_.back()) write_text(view(cmark_node_get_url(node)));
  links_.pop_back();
  if (open_link_ != node) return;
  html_ += "</a>";
  open_link_ = nullptr;
}

inline void html_writer::write_list(cmark_node* node, bool is_enter) {
  const bool is_ordered = cmark_node_get_list_type(node) == CMARK_ORDERED_LIST;
  const int start = cmark_node_get_list_start(node);
  if (!is_enter || !is_ordered || start == 1)
    return element(is_ordered ? "ol" : "ul", is_enter, "\n", "\n");
  begin_line();
  html_ += "<ol start=\"" + std::to_string(start) + "\">\n";
}

inline void html_writer::write_code_block(cmark_node* node) {
  const std::string language =
      to_language_class(without_hints(view(cmark_node_get_fence_info(node))));
  begin_line();
  html_ += language.empty() ? "<pre><code>" : "<pre><code class=\"" + language + "\">";
  write_text(view(cmark_node_get_literal(node)));
  html_ += "</code></pre>\n";
}

// Writes what stands in tables; the only other blocks that there are come from GFM.
inline void html_writer::write_table(cmark_node* node, bool is_enter) {
  const std::string_view type = view(cmark_node_get_type_string(node));
  if (type == "table_cell") return write_cell(node, is_enter);
  if (type == "table" && !is_enter && std::exchange(is_body_open_, false)) html_ += "</tbody>\n";
  if (type == "table") return element("table", is_enter, "\n", "\n");
  const bool is_head = type == "table_header";
  if (!is_head && type != "table_row") return;
  if (is_enter && is_head) html_ += "<thead>\n";
  if (is_enter && !is_head && !std::exchange(is_body_open_, true)) html_ += "<tbody>\n";
  element("tr", is_enter, "\n", "\n");
  if (!is_enter && is_head) html_ += "</thead>\n";
  column_ = 0;
}

inline void html_writer::write_cell(cmark_node* cell, bool is_enter) {
  cmark_node* const row = cmark_node_parent(cell);
  // An empty cell is the head of nothing.
  const bool is_head =
      view(cmark_node_get_type_string(row)) == "table_header" && cmark_node_first_child(cell);
  if (!is_enter) {
    html_ += is_head ? "</th>\n" : "</td>\n";
    return;
  }
  cmark_node* const table = cmark_node_parent(row);
  const std::size_t columns = cmark_gfm_extensions_get_table_columns(table);
  const char side =
      column_ < columns
          ? static_cast<char>(cmark_gfm_extensions_get_table_alignments(table)[column_])
          : '\0';
  ++column_;
  html_ += is_head ? "<th" : "<td";
  html_ += side == 'l'   ? " align=\"left\">"
           : side == 'c' ? " align=\"center\">"
           : side == 'r' ? " align=\"right\">"
                         : ">";
}

// Writes the box with which a list item begins, if `text` is the first of its first paragraph and
// has one. The paragraph is its label. Returns the rest of `text`.
inline std::string_view html_writer::write_box(cmark_node* node, std::string_view text) {
  if (!text.starts_with(task_hint) || cmark_node_previous(node)) return text;
  cmark_node* const paragraph = cmark_node_parent(node);
  cmark_node* const item = cmark_node_parent(paragraph);
  const bool is_first = cmark_node_get_type(paragraph) == CMARK_NODE_PARAGRAPH && item &&
                        cmark_node_get_type(item) == CMARK_NODE_ITEM &&
                        !cmark_node_previous(paragraph);
  const std::string_view box = text.substr(task_hint.size());
  if (!is_first || box.size() < 4 || box[0] != '[' || box[2] != ']') return text;
  labelled_ = paragraph;
  html_ += "<label><input type=\"checkbox\" disabled";
  html_ += box[1] == ' ' ? ">" : " checked>";
  return box.substr(3);
}

// The only way for a user's words into the HTML, besides addresses and languages.
inline void html_writer::write_text(std::string_view text) {
  html_ += escape_html(only_characters(text));
  see(text);
}

inline void html_writer::see(std::string_view text) {
  if (!is_blank(text)) seen_ = html_.size();
}

inline void html_writer::element(const std::string& name, bool is_enter,
                                 std::string_view after_begin, std::string_view after_end) {
  if (is_enter) begin_line();
  html_ += (is_enter ? "<" : "</") + name + ">";
  html_ += is_enter ? after_begin : after_end;
}

inline void html_writer::begin_line() {
  if (!html_.empty() && html_.back() != '\n') html_ += '\n';
}

// The memory that cmark uses for one source. Nothing of it is freed before all of it is. While it
// is there, cmark's calls on this thread take from it, through `allocator`.
class reserve final {
 public:
  // Returns what cmark needs at most. A node takes some 170 bytes, and the dearest sources 320 for
  // each of theirs. Each use of a link's definition copies it, in four bytes ("[a] "): n / 2 bytes,
  // n / 8 times. A third is added to that, and 320 doubled.
  static constexpr std::size_t bytes_for(std::size_t source_bytes, std::size_t cells) {
    return 16'384 + source_bytes * 640 + source_bytes * source_bytes / 12 + cells * 1'024;
  }

  explicit reserve(std::size_t source_bytes, std::size_t cells = 0)
      : size_{bytes_for(source_bytes, cells)},
        memory_{std::make_unique_for_overwrite<std::byte[]>(size_)} {
    current_ = this;
  }
  reserve(const reserve&) = delete;
  reserve& operator=(const reserve&) = delete;
  ~reserve() { current_ = nullptr; }

  static cmark_mem* allocator() {
    static cmark_mem functions{&calloc, &realloc, &free};
    return &functions;
  }
  std::size_t used() const { return used_; }

 private:
  static constexpr std::size_t step = alignof(std::max_align_t);

  // Beyond the reserve there is none: cmark's frames are left by an exception, as all that they
  // hold is in the reserve.
  std::byte* take(std::size_t size) {
    const std::size_t whole = step + (size + step - 1) / step * step;  // its size stands before it
    if (size > size_ || whole > size_ - used_) throw std::bad_alloc{};
    std::byte* const at = memory_.get() + used_;
    used_ += whole;
    std::memcpy(at, &size, sizeof size);
    return at + step;
  }
  static void* calloc(std::size_t count, std::size_t size) {
    std::byte* const made = current_->take(count * size);
    return std::memset(made, 0, count * size);
  }
  static void* realloc(void* before, std::size_t size) {
    std::byte* const made = current_->take(size);
    if (!before) return made;
    std::size_t had = 0;
    std::memcpy(&had, static_cast<std::byte*>(before) - step, sizeof had);
    return std::memcpy(made, before, std::min(had, size));
  }
  static void free(void*) {}

  static inline thread_local reserve* current_ = nullptr;

  const std::size_t size_;
  const std::unique_ptr<std::byte[]> memory_;
  std::size_t used_{};
};

// Makes links of bare addresses, as an extension that cmark asks at each sign of one. A link that
// stands in the text of another one is left to the writer.
class bare_links final {
 public:
  // Takes memory of its own the first time, and ends the process if there is none.
  static cmark_syntax_extension* extension() {
    static cmark_syntax_extension* const made = [] {
      cmark_syntax_extension* const bare = cmark_syntax_extension_new("bare links");
      cmark_llist* signs = nullptr;
      for (const char sign : address_signs)
        signs = cmark_llist_append(cmark_get_default_mem_allocator(), signs,
                                   reinterpret_cast<void*>(std::intptr_t{sign}));
      cmark_syntax_extension_set_special_inline_chars(bare, signs);
      cmark_syntax_extension_set_match_inline_func(bare, &match);
      return bare;
    }();
    return made;
  }

  static void begin_document() { last_block_ = nullptr; }

 private:
  static cmark_node* match(cmark_syntax_extension*, cmark_parser*, cmark_node* block,
                           unsigned char sign, cmark_inline_parser* inlines) {
    const int at = cmark_inline_parser_get_offset(inlines);
    const unsigned char next = cmark_inline_parser_peek_at(inlines, at + 1);
    const bool may_be = sign == '@' || (sign == ':' ? next == '/' : next == 'w' || next == 'W');
    if (!may_be || address_signs.find(static_cast<char>(sign)) == address_signs.npos)
      return nullptr;
    const std::string_view text = view(cmark_node_get_string_content(block));
    const auto found = find_address(text, static_cast<std::size_t>(at));
    const bool is_linked = block == last_block_ && found && found->begin < last_end_;
    if (!found || is_linked) return nullptr;
    last_block_ = block;
    last_end_ = found->end;
    cmark_node_unput(block, at - static_cast<int>(found->begin));
    cmark_inline_parser_set_offset(inlines, static_cast<int>(found->end));
    const std::string shown{text.substr(found->begin, found->end - found->begin)};
    cmark_node* const link = cmark_node_new_with_mem(CMARK_NODE_LINK, reserve::allocator());
    cmark_node* const words = cmark_node_new_with_mem(CMARK_NODE_TEXT, reserve::allocator());
    cmark_node_set_url(link, (std::string{found->scheme} + shown).c_str());
    cmark_node_set_literal(words, shown.c_str());
    cmark_node_append_child(link, words);
    return link;
  }

  // Where the last address was found, because none begins within another one.
  static inline thread_local cmark_node* last_block_ = nullptr;
  static inline thread_local std::size_t last_end_ = 0;
};

// Returns the document that `source` is. It lives in the reserve that is there. While it parses,
// cmark-gfm keeps what its extensions listen for in tables of the whole process, so one thread
// parses at a time.
inline cmark_node* parse(std::string_view source, bool has_tables) {
  static mutex parsing;
  const mutex_lock lock{parsing};
  cmark_gfm_core_extensions_ensure_registered();
  const std::unique_ptr<cmark_parser, decltype(&cmark_parser_free)> parser{
      cmark_parser_new_with_mem(CMARK_OPT_VALIDATE_UTF8, reserve::allocator()), cmark_parser_free};
  const auto attach = [&](cmark_syntax_extension* extension) {
    if (extension) cmark_parser_attach_syntax_extension(parser.get(), extension);
  };
  attach(cmark_find_syntax_extension("strikethrough"));
  if (has_tables) attach(cmark_find_syntax_extension("table"));
  attach(bare_links::extension());
  bare_links::begin_document();
  cmark_parser_feed(parser.get(), source.data(), source.size());
  return cmark_parser_finish(parser.get());
}

// Returns what `html_writer::write` makes of a source with hints.
inline std::optional<std::string> write(std::string_view hinted, const limits& most,
                                        std::vector<bool>& used) {
  const std::size_t cells = count_cells(hinted);
  const bool has_tables = cells > 0 && cells <= most.cells_max;
  const reserve memory{hinted.size(), has_tables ? cells : 0};
  return html_writer{most, used}.write(parse(hinted, has_tables));
}

}  // namespace detail

COMMENTS_INLINE std::string render(std::string_view given, const limits& most) {
  const std::string clean = without_hints(given);
  std::string_view source{clean};
  // cmark skips it, so it would hide a marker behind it.
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (source.starts_with(byte_order_mark)) source.remove_prefix(byte_order_mark.size());
  if (is_within(most, source)) {
    const hinted_source hinted = add_hints(source);
    std::vector<bool> used(hinted.definitions);
    auto html = detail::write(hinted.text, most, used);
    if (std::ranges::find(used, false) != used.end())
      html = detail::write(add_hints(source, &used).text, most, used);
    if (html) return std::move(*html);
  }
  return to_paragraphs(source);
}

COMMENTS_INLINE renderer make_renderer() {
  cmark_gfm_core_extensions_ensure_registered();  // now, because that takes memory of its own
  detail::bare_links::extension();
  return {.name = "cmark-gfm " + std::string{cmark_version_string()} + ", " + std::to_string(form),
          .to_html = [](std::string_view source) { return render(source); }};
}

}  // namespace comments::inline v0::markdown
