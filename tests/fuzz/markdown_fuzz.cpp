// markdown_fuzz.cpp - any bytes as a comment's source. Whatever becomes of them is read by an HTML5
// parser, which must find nothing but what Markdown may become; and our bounds on how deep cmark
// nests and on the cells that it makes must be bounds.

#include "support/safe_html.hpp"

#include <comments/markdown/cmark.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace comments;

namespace {

void expect(bool is_so, const std::string& what, std::string_view html) {
  if (is_so) return;
  std::fprintf(stderr, "not so: %s\n%.*s\n", what.c_str(), static_cast<int>(html.size()),
               html.data());
  std::abort();
}

// How many quotes and list items stand in one another.
std::size_t containers_of(cmark_node* document) {
  cmark_iter* const steps = cmark_iter_new(document);
  std::size_t depth = 0, deepest = 0;
  for (cmark_event_type step; (step = cmark_iter_next(steps)) != CMARK_EVENT_DONE;) {
    const cmark_node_type type = cmark_node_get_type(cmark_iter_get_node(steps));
    if (type != CMARK_NODE_BLOCK_QUOTE && type != CMARK_NODE_ITEM) continue;
    depth += step == CMARK_EVENT_ENTER ? 1 : std::size_t(-1);
    deepest = std::max(deepest, depth);
  }
  cmark_iter_free(steps);
  return deepest;
}

std::size_t cells_of(cmark_node* document) {
  cmark_iter* const steps = cmark_iter_new(document);
  std::size_t cells = 0;
  for (cmark_event_type step; (step = cmark_iter_next(steps)) != CMARK_EVENT_DONE;)
    cells +=
        step == CMARK_EVENT_ENTER &&
        std::string_view{"table_cell"} == cmark_node_get_type_string(cmark_iter_get_node(steps));
  cmark_iter_free(steps);
  return cells;
}

// What a body may be; more, the renderer may meet, but need not make well-formed.
bool is_body(std::string_view source) {
  for (std::size_t at = 0; at < source.size();) {
    const auto point = next_code_point(source, at);
    if (!point || (markdown::is_no_character(*point) && *point != '\r')) return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  const std::string_view source{reinterpret_cast<const char*>(input), size};
  const std::string html = markdown::render(source);
  const testing::reading page = testing::read_html(html);
  const bool is_ill_formed = page.fault == "it is not well-formed" && !is_body(source);
  expect(page.fault.empty() || is_ill_formed, page.fault, html);
  expect(html.size() <= std::max(markdown::limits{}.html_bytes_max, 6 * size + 8), "it is short",
         html);
  if (is_body(source)) {
    expect(is_blank(source) == is_blank(page.text), "all is shown", html);
    expect(markdown::without_hints(html) == html, "no hint is left", html);
  }
  const std::string clean = markdown::without_hints(source);
  const bool has_mark = clean.starts_with("\xef\xbb\xbf");
  if (has_mark || size > markdown::limits{}.source_bytes_max) return 0;
  const std::string hinted = markdown::add_hints(clean).text;
  const std::size_t cells = markdown::count_cells(hinted);
  const bool has_tables = cells <= markdown::limits{}.cells_max;
  const markdown::detail::reserve memory{hinted.size(), has_tables ? cells : 0};
  cmark_node* const document = markdown::detail::parse(hinted, has_tables);
  expect(containers_of(document) <= markdown::count_containers(clean),
         "the bound on containers is one", source);
  if (has_tables) expect(cells_of(document) <= cells, "the bound on cells is one", source);
  return 0;
}
