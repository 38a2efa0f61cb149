#include "thread_page.hpp"

#include "assets.hpp"
#include "html.hpp"

#include <comments/api/comment_routes.hpp>
#include <comments/cache.hpp>
#include <comments/json/document.hpp>
#include <comments/json/encode.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace server {
namespace {

using namespace comments;

constexpr std::size_t roots_max = 20;      // on a page
constexpr std::size_t replies_max = 50;    // of one comment, on the page of another
constexpr std::size_t comments_max = 200;  // on a page, replies included
constexpr std::size_t cache_bytes_max = 16'777'216;

std::string text_of(const http::fields& all, std::string_view name) {
  return std::string{http::find_field(all, name).value_or("")};
}

// "2026-11-28 14:30 UTC", as an element that machines can read, too.
std::string time_html(instant at) {
  const std::string text = to_rfc3339(at);
  return "<time datetime=\"" + text + "\">" + text.substr(0, 10) + " " + text.substr(11, 5) +
         " UTC</time>";
}

// The face that the widget draws for the same key.
std::string avatar_html(std::string_view key) {
  std::uint32_t hash = 2166136261;
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619;
  std::string path;
  for (int i = 0; i < 15; ++i) {
    if ((hash >> (i + 9) & 1) == 0) continue;
    for (const int x : {i % 3, 4 - i % 3}) {
      const auto at = [](int n) { return std::to_string(4 + n * 3) + ".5"; };
      path += "M" + at(x) + " " + at(i / 3) + "h3v3h-3z";
      if (i % 3 == 2) break;
    }
  }
  const std::string hue = "hsl(" + std::to_string(hash % 360) + " 50% 50%)";
  return "<svg class=\"avatar\" viewBox=\"0 0 24 24\" aria-hidden=\"true\"><rect width=\"24\" "
         "height=\"24\" rx=\"7\" fill-opacity=\".15\" fill=\"" +
         hue + "\"/><path fill=\"" + hue + "\" d=\"" + path + "\"/></svg>";
}

// What a request wants to see of a content.
struct view {
  std::string content_id{};
  std::string home{};  // what every link of the page starts with: "?", "?content_id=…&"
  comments::sort sort{};
  std::optional<comment> linked{};  // the page that begins with its thread
  std::optional<comment> above{};   // its replies alone
  std::optional<comment> answered{};
  query wanted{};
};

// Comments as HTML, with their replies as far as there is room.
class writer final {
 public:
  writer(const http::context& shared, const page_words& words, const view& seen)
      : shared_{shared}, words_{words}, seen_{seen} {}

  std::string write(const page& roots) {
    append_list(roots.items);
    return std::move(html_);
  }

 private:
  void append_list(const std::vector<comment>& items) {
    html_ += "<ol class=\"list\">";
    for (const comment& item : items) append(item);
    html_ += "</ol>";
  }

  void append(const comment& item) {
    const std::string id = to_string(item.id);
    --left_;
    html_ += "<li><article class=\"comment\" id=\"comment-" + id + "\">" +
             avatar_html(shared_.style().key_of(item.author)) + "<div class=\"main\">";
    if (is_visible(item))
      append_visible(item, id);
    else
      html_ += "<p class=\"gone\">" + std::string{words_.removed} + "</p>";
    append_replies(item, id);
    html_ += "</div></article></li>";
  }

  void append_visible(const comment& item, const std::string& id) {
    const std::string name =
        item.author.name.empty() ? std::string{words_.by_nobody} : escape_html(item.author.name);
    html_ += "<header><bdi class=\"author\">" + name + "</bdi> ";
    if (item.author.verified) html_ += "<span class=\"verified\">✓</span> ";
    html_ += "<a title=\"" + std::string{words_.link} + "\" href=\"" + seen_.home +
             "comment=" + id + "#comment-" + id + "\">" + time_html(item.created_at) + "</a>";
    if (item.edited_at) html_ += " (" + std::string{words_.edited} + ")";
    html_ += "</header><div class=\"body\" dir=\"auto\">" + json::find_html(item, shared_.style()) +
             "</div><p class=\"actions\">";
    if (item.votes > 0) html_ += "<span>▲ " + std::to_string(item.votes) + "</span>";
    html_ += "<a rel=\"nofollow\" href=\"" + seen_.home + "reply=" + id + "#write\">" +
             std::string{words_.reply} + "</a></p>";
  }

  void append_replies(const comment& item, const std::string& id) {
    if (item.replies == 0) return;
    const std::size_t room = std::min(replies_max, left_);
    if (room > 0) {
      const auto below =
          shared_.service().list({.content_id = item.content_id, .parent = item.id, .limit = room});
      if (below) append_list(below->items);
      if (below && !below->next) return;
    }
    html_ += "<a class=\"more\" href=\"" + seen_.home + "below=" + id + "\">" +
             (room > 0 ? std::string{words_.more_replies}
                       : count(words_, item.replies, words_.one_reply, words_.replies)) +
             "</a>";
  }

  const http::context& shared_;
  const page_words& words_;
  const view& seen_;
  std::size_t left_{comments_max};
  std::string html_{};
};

class thread_page final {
 public:
  explicit thread_page(const http::context& shared)
      : shared_{shared},
        lists_{std::min(cache_bytes_max, shared.options().cache_bytes), shared.service().metrics(),
               "comments_html_cache"} {}

  http::response show(http::request asked) const {
    const auto seen = read(asked);
    if (!seen) return http::problem(seen.error(), asked);
    const auto home = shared_.service().contents({&seen->content_id, 1});
    if (!home) return http::problem(home.error(), asked);
    const page_words& words = words_for(asked);
    const std::string etag = etag_of(home->front(), words);
    if (http::has_etag(http::asked_etags(asked), etag)) return http::not_modified(etag);
    const auto list = find_list(asked, *seen, words, home->front().version);
    if (!list) return http::problem(list.error(), asked);
    http::response answer = show_page(*seen, words, home->front(), **list, asked);
    answer.headers.emplace_back("ETag", etag);
    answer.headers.emplace_back("Cache-Control", "private, no-cache");
    answer.headers.emplace_back("Vary", "Accept-Language");
    return answer;
  }

  // The form, sent to where JSON goes.
  http::response post(http::request asked) const {
    if (auto refused = refuse_form(asked)) return std::move(*refused);
    const auto typed = http::parse_query(asked.body);
    if (!typed) return http::problem(typed.error(), asked);
    for (const auto& [name, value] : *typed)
      if (!is_utf8(name) || !is_utf8(value))
        return http::problem({errc::malformed, "The form is not in UTF-8.", {{"", "encoding"}}},
                             asked);
    const std::string content_id = content_of(asked), home = home_of(asked);
    http::request same = std::move(asked);
    same.body = to_json(*typed, content_id);
    std::erase_if(same.headers, [](const auto& header) {
      return http::is_same_name(header.first, "Content-Type") ||
             http::is_same_name(header.first, "Idempotency-Key");
    });
    same.headers.emplace_back("Content-Type", "application/json");
    if (const std::string key = text_of(*typed, "key"); !key.empty())
      same.headers.emplace_back("Idempotency-Key", key);
    http::response answer = comments_.post(std::move(same));
    return answer.status == 201 ? lead_to(answer, home) : answer;
  }

 private:
  // A page of the list, as it stands at a version.
  struct kept_list {
    std::int64_t version{};
    std::string html{};
    std::string next{};  // the signed cursor of the page behind; empty: there is none
  };

  static std::string content_of(const http::request& asked) {
    const auto in_path = http::find_field(asked.path, "content_id");
    return std::string{in_path ? *in_path
                               : http::find_field(asked.query, "content_id").value_or("")};
  }

  static std::string home_of(const http::request& asked) {
    std::string home{"?"};
    if (asked.path.empty())
      home += "content_id=" + http::percent_encode(content_of(asked)) + "&amp;";
    if (const auto lang = http::find_field(asked.query, "lang"))
      home += "lang=" + http::percent_encode(*lang) + "&amp;";
    return home;
  }

  static std::optional<http::response> refuse_form(const http::request& asked) {
    std::string_view type = http::find_header(asked.headers, "Content-Type").value_or("");
    type = http::trim(type.substr(0, type.find(';')));
    if (http::is_same_name(type, "application/x-www-form-urlencoded")) return std::nullopt;
    return http::problem({http::request_errc::unsupported_media,
                          "The body must be application/x-www-form-urlencoded.",
                          {{"Content-Type", type.empty() ? "required" : "unsupported"}}},
                         asked);
  }

  static std::string to_json(const http::fields& typed, const std::string& content_id) {
    std::string body = text_of(typed, "body");
    std::erase(body, '\r');  // browsers end lines with both
    return json::dump(
        {{"content_id", content_id},
         {"body", body},
         {"parent_id", text_of(typed, "parent_id")},
         {"author", {{"name", text_of(typed, "name")}, {"email", text_of(typed, "email")}}},
         {"form", text_of(typed, "form")},
         {"trap", text_of(typed, "trap")}});
  }

  // To the page that shows what was posted, or says that it waits.
  static http::response lead_to(const http::response& answer, std::string home) {
    const auto made = json::document::parse(answer.body);
    const std::string id = made["id"], status = made["status"];
    for (std::size_t at; (at = home.find("&amp;")) != home.npos;) home.erase(at + 1, 4);
    home += status == "published" ? "posted=published&comment=" + id + "#comment-" + id
                                  : std::string{"posted=pending#said"};
    return {.status = 303, .headers = {{"Location", home}, {"Cache-Control", "no-store"}}};
  }

  result<view> read(const http::request& asked) const {
    view seen{.content_id = content_of(asked), .home = home_of(asked)};
    seen.sort = parse<comments::sort>(text_of(asked.query, "sort")).value_or(sort::oldest);
    seen.wanted = {.content_id = seen.content_id, .sort = seen.sort, .limit = roots_max};
    for (const auto& [name, place] :
         {std::pair{"comment", &view::linked}, std::pair{"below", &view::above},
          std::pair{"reply", &view::answered}}) {
      if (!http::find_field(asked.query, name)) continue;
      auto found = find(text_of(asked.query, name), seen.content_id);
      if (!found) return std::move(found).error();
      seen.*place = std::move(*found);
    }
    if (seen.above) seen.wanted.parent = seen.above->id;
    if (seen.linked)
      if (auto fault = begin_with_thread_of(seen)) return std::move(*fault);
    if (const auto cursor = http::find_field(asked.query, "cursor"); cursor && !seen.linked)
      if (!read_cursor(*cursor, seen.wanted)) return http::bad_cursor();
    return seen;
  }

  result<comment> find(const std::string& text, const std::string& content_id) const {
    const auto id = parse_comment_id(text);
    auto found = id ? shared_.service().find(*id) : comment_not_found();
    if (found && found->content_id != content_id) return comment_not_found();
    return found;
  }

  // A list that begins where the linked comment's thread does.
  std::optional<error> begin_with_thread_of(view& seen) const {
    comment root = *seen.linked;
    while (root.parent) {
      auto above = shared_.service().find(*root.parent);
      if (!above) return std::move(above).error();
      root = std::move(*above);
    }
    seen.wanted.sort = seen.sort = sort::oldest;
    seen.wanted.after = cursor{root.position - 1, 0};
    return std::nullopt;
  }

  static std::string cursor_purpose(const query& wanted) {
    return "html " + std::string{to_text(wanted.sort)} + " " +
           (wanted.parent ? to_string(*wanted.parent) : "-") + " " + wanted.content_id;
  }

  bool read_cursor(std::string_view text, query& wanted) const {
    const auto payload = shared_.sign().verify(cursor_purpose(wanted), text);
    if (!payload) return false;
    const std::size_t space = std::min(payload->find(' '), payload->size() - 1);
    const auto position =
        http::parse_number<std::int64_t>(std::string_view{*payload}.substr(0, space));
    const auto votes =
        http::parse_number<std::int64_t>(std::string_view{*payload}.substr(space + 1));
    if (!position || !votes) return false;
    wanted.after = cursor{*position, *votes};
    return true;
  }

  // A form is shown for an hour at most before it is fetched anew, with a time that is not too old.
  std::string etag_of(const content& home, const page_words& words) const {
    const auto hour = std::chrono::floor<std::chrono::hours>(shared_.now().time_since_epoch());
    return '"' + std::to_string(home.version) + "-" + std::to_string(hour.count()) + "-" +
           std::string{find_asset("page.css").hash.substr(0, 8)} + "-" + std::string{words.lang} +
           '"';
  }

  result<std::shared_ptr<const kept_list>> find_list(const http::request& asked, const view& seen,
                                                     const page_words& words,
                                                     std::int64_t version) const {
    const std::string name = asked.target + ' ' + std::string{words.lang};
    const auto is_current = [version](const kept_list& one) { return one.version == version; };
    if (auto kept = lists_.find(name, is_current)) return kept;
    const auto roots = shared_.service().list(seen.wanted);
    if (!roots) return roots.error();
    kept_list made{.version = version};
    if (!roots->items.empty()) made.html = writer{shared_, words, seen}.write(*roots);
    if (roots->next)
      made.next = shared_.sign().token(
          cursor_purpose(seen.wanted),
          std::to_string(roots->next->position) + " " + std::to_string(roots->next->votes));
    const std::size_t bytes = made.html.size();
    auto kept = std::make_shared<const kept_list>(std::move(made));
    if (version > 0) lists_.put(name, kept, bytes);
    return kept;
  }

  http::response show_page(const view& seen, const page_words& words, const content& home,
                           const kept_list& list, const http::request& asked) const {
    const std::string title = count(words, home.comments, words.one_comment, words.comments);
    std::string main = "<h1>" + title + " <small>" + escape_html(seen.content_id) + "</small></h1>";
    main += notice_of(asked, words) + orders_of(seen, words, home);
    main +=
        list.html.empty() ? "<p class=\"notice\">" + std::string{words.empty} + "</p>" : list.html;
    frame around{.title = title + " · " + seen.content_id,
                 .up = asked.path.empty() ? "" : "../",
                 .lang = words.lang};
    if (!list.next.empty()) {
      const std::string next = next_of(seen, list.next);
      main += "<a class=\"more\" rel=\"next\" href=\"" + next + "\">" +
              std::string{seen.above ? words.more_replies : words.more} + "</a>";
      around.head = "<link rel=\"next\" href=\"" + next + "\">";
    }
    around.head += "<link rel=\"alternate\" type=\"application/atom+xml\" href=\"" + around.up +
                   "api/v1/feed?content_id=" + http::percent_encode(seen.content_id) + "\">";
    main += form_of(seen, words, home);
    http::response answer = make_page(around, main);
    // The sites whose pages may use the API may frame the thread, too.
    protect(answer, page_policy(shared_.options().cors.origins));
    return answer;
  }

  static std::string notice_of(const http::request& asked, const page_words& words) {
    const std::string posted = text_of(asked.query, "posted");
    if (posted != "pending" && posted != "published") return {};
    return "<p class=\"notice said\" id=\"said\" role=\"status\">" +
           std::string{posted == "pending" ? words.pending : words.posted} + "</p>";
  }

  static std::string orders_of(const view& seen, const page_words& words, const content& home) {
    if (seen.above || seen.linked)
      return "<p class=\"orders\"><a href=\"" + seen.home + "\">" + std::string{words.all} +
             "</a></p>";
    if (home.comments < 2) return {};
    std::string html = "<nav class=\"orders\" aria-label=\"" + std::string{words.sort} + "\">";
    for (const auto& [sort, word] :
         {std::pair{sort::oldest, words.oldest}, std::pair{sort::newest, words.newest},
          std::pair{sort::top, words.top}})
      html += "<a" + std::string{sort == seen.sort ? " aria-current=\"true\"" : ""} + " href=\"" +
              seen.home + "sort=" + std::string{to_text(sort)} + "\">" + std::string{word} + "</a>";
    return html + "</nav>";
  }

  static std::string next_of(const view& seen, const std::string& cursor) {
    const std::string where = seen.above ? "below=" + to_string(seen.above->id)
                                         : "sort=" + std::string{to_text(seen.sort)};
    return seen.home + where + "&amp;cursor=" + http::percent_encode(cursor);
  }

  std::string form_of(const view& seen, const page_words& words, const content& home) const {
    if (home.status == content_status::locked)
      return "<p class=\"notice\">" + std::string{words.locked} + "</p>";
    written typed{.form = auth::make_form_token(shared_.sign(), shared_.now()),
                  .key = http::make_request_id()};
    if (const auto& answered = seen.answered) {
      typed.parent_id = to_string(answered->id);
      typed.answers = answered->author.name.empty() ? words.by_nobody : answered->author.name;
    }
    std::string action = seen.home;
    for (std::size_t at; (at = action.find("&amp;")) != action.npos;) action.erase(at + 1, 4);
    std::string html = write_form(words, action, typed);
    if (home.status == content_status::premoderated)
      html = "<p class=\"notice\">" + std::string{words.premoderated} + "</p>" + html;
    return html;
  }

  const http::context& shared_;
  const http::comment_routes comments_{shared_};
  mutable cache<kept_list> lists_;
};

}  // namespace

std::vector<http::more_route> thread_pages() {
  const auto page = std::make_shared<std::unique_ptr<const thread_page>>();  // one for all routes
  const auto answered_by = [page](http::response (thread_page::*answer)(http::request) const) {
    return [page, answer](const http::context& shared) -> http::handler {
      if (!*page) *page = std::make_unique<const thread_page>(shared);
      return [page, answer](http::request&& asked) { return (**page.*answer)(std::move(asked)); };
    };
  };
  const auto show = answered_by(&thread_page::show), post = answered_by(&thread_page::post);
  return {{"GET /contents", show},
          {"GET /contents/{content_id}", show},
          {"POST /contents", post},
          {"POST /contents/{content_id}", post}};
}

}  // namespace server
