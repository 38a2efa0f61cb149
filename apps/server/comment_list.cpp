#include "comment_list.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace server {

using namespace comments;

namespace {

// The face that the widget draws for the same key (avatar.js): five by five squares, of which the
// right half mirrors the left, in one of 360 hues.
struct face {
  std::uint32_t hue{};
  std::string path{};  // SVG
};

void append_square(std::string& path, int column, int row) {
  const auto at = [](int number) { return std::to_string(4 + number * 3) + ".5"; };
  path += "M" + at(column) + " " + at(row) + "h3v3h-3z";
}

face face_of(std::string_view key) {
  std::uint32_t hash = 2166136261;
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619;
  face made{.hue = hash % 360};
  for (int i = 0; i < 15; ++i) {
    if ((hash >> (i + 9) & 1) == 0) continue;
    const int column = i % 3;
    append_square(made.path, column, i / 3);
    if (column != 2) append_square(made.path, 4 - column, i / 3);
  }
  return made;
}

}  // namespace

safe_html comment_list::write(const std::vector<comment>& items) {
  std::vector<values> all;
  all.reserve(items.size());
  for (const comment& item : items) all.push_back(describe(item));
  values shown;
  shown.set_list("comments", all);
  return render("comments.html", shown, words_);
}

values comment_list::describe(const comment& item) {
  --left_;
  const face drawn = face_of(shared_.style().key_of(item));
  values shown;
  shown.set_text("id", to_string(item.id));
  shown.set_text("hue", std::to_string(drawn.hue));
  shown.set_text("face", drawn.path);
  shown.set_flag("is_visible", is_visible(item));
  if (is_visible(item)) describe_text(shown, item);
  describe_replies(shown, item);
  return shown;
}

void comment_list::describe_text(values& shown, const comment& item) const {
  const std::string id = to_string(item.id);
  const std::string posted_at = to_rfc3339(item.created_at);
  const bool is_named = !item.author.name.empty();
  shown.set_text("author", is_named ? item.author.name : words_.word("anonymous"));
  shown.set_flag("is_verified", item.author.verified);
  shown.set_url("self_url", home_.with("comment", id).at("comment-" + id));
  shown.set_text("posted_at", posted_at);
  shown.set_text("posted", posted_at.substr(0, 10) + " " + posted_at.substr(11, 5) + " UTC");
  shown.set_flag("is_edited", item.edited_at.has_value());
  shown.set_html("body_html", safe_html::of_body(item, shared_.style()));
  shown.set_text("votes", item.votes > 0 ? std::to_string(item.votes) : "");
  shown.set_url("reply_url", home_.with("reply", id).at("write"));
}

void comment_list::describe_replies(values& shown, const comment& item) {
  if (item.replies == 0) return;
  const std::size_t room = std::min({replies_max, left_, shared_.service().options().page_max});
  if (room > 0) {
    const auto replies =
        shared_.service().list({.content_id = item.content_id, .parent = item.id, .limit = room});
    if (replies && !replies->items.empty()) shown.set_html("replies_html", write(replies->items));
    if (replies && !replies->next) return;
  }
  shown.set_url("more_url", home_.with("below", to_string(item.id)));
  shown.set_text("more", room > 0 ? std::string{words_.word("nextReplies")}
                                  : words_.count("replies", item.replies));
}

}  // namespace server
