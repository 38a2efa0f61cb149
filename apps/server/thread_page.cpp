#include "thread_page.hpp"

#include "assets.hpp"
#include "comment_list.hpp"
#include "page.hpp"

#include <comments/api/comment_routes.hpp>
#include <comments/api/responses.hpp>
#include <comments/cache.hpp>
#include <comments/http/problem.hpp>
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

constexpr std::size_t roots_max = 20;  // on a page
constexpr std::size_t cache_bytes_max = 16'777'216;

std::string text_of(const http::fields& all, std::string_view name) {
  return std::string{http::find_field(all, name).value_or("")};
}

std::string content_of(const http::request& asked) {
  const auto in_path = http::find_field(asked.path, "content_id");
  return in_path ? std::string{*in_path} : text_of(asked.query, "content_id");
}

// Returns the address of the thread's page as its own links name it: "?",
// "?content_id=1&lang=pt-BR".
relative_url home_of(const http::request& asked) {
  relative_url home{"?"};
  if (asked.path.empty()) home = home.with("content_id", content_of(asked));
  if (http::find_field(asked.query, "lang")) home = home.with("lang", language_for(asked).code());
  return home;
}

// What a request wants to see of a content.
struct view {
  std::string content_id{};
  relative_url home{"?"};
  comments::sort sort{};
  std::optional<comment> linked{};    // the page begins with its thread
  std::optional<comment> above{};     // the page shows its replies alone
  std::optional<comment> answered{};  // the form answers it
  query wanted{};
};

// --- the form ---

std::optional<http::response> refuse_form(const http::request& asked) {
  std::string_view type = http::find_header(asked.headers, "Content-Type").value_or("");
  type = http::trim(type.substr(0, type.find(';')));
  if (http::is_same_name(type, "application/x-www-form-urlencoded")) return std::nullopt;
  return http::problem({http::request_errc::unsupported_media,
                        "The body must be application/x-www-form-urlencoded.",
                        {{"Content-Type", type.empty() ? "required" : "unsupported"}}},
                       asked);
}

// Whether a form that was sent stood on a page of this site.
enum class form_site { ours, others, unknown };

// Returns an origin as browsers write it; empty if `text` is none.
std::string to_origin(const std::string& text) {
  const auto parsed = http::parse_origins(text);
  return parsed && parsed->size() == 1 ? parsed->front() : "";
}

// Whether an origin is the address that the request was sent to, by the browser or by a proxy that
// says so. No page of another site can have a browser send another Host or X-Forwarded-Host.
bool is_ours(const std::string& origin, const http::request& asked) {
  const std::size_t scheme = origin.find("://");
  if (scheme == origin.npos) return false;
  for (const char* name : {"Host", "X-Forwarded-Host"}) {
    std::string_view host = http::find_header(asked.headers, name).value_or("");
    host = http::trim(host.substr(0, host.find(',')));
    if (to_origin(origin.substr(0, scheme + 3).append(host)) == origin) return true;
  }
  return false;
}

// Sec-Fetch-Site counts most: no page can set it, and proxies pass it on. A browser sends it to
// https and to its own machine only, and Origin with every POST.
form_site site_of(const http::request& asked, const std::vector<std::string>& allowed) {
  const std::string_view fetched = http::find_header(asked.headers, "Sec-Fetch-Site").value_or("");
  const std::string_view given = http::find_header(asked.headers, "Origin").value_or("");
  const bool is_named = !given.empty() && given != "null";
  const std::string origin = is_named ? to_origin(std::string{given}) : "";
  if (!origin.empty() && std::ranges::find(allowed, origin) != allowed.end())
    return form_site::ours;
  if (fetched == "same-origin" || fetched == "none") return form_site::ours;
  if (fetched == "cross-site") return form_site::others;
  if (!is_named) return form_site::unknown;
  return is_ours(origin, asked) ? form_site::ours : form_site::others;
}

result<http::fields> read_form(const http::request& asked) {
  auto typed = http::parse_query(asked.body);
  if (!typed) return typed;
  for (const auto& [name, value] : *typed)
    if (!is_utf8(name) || !is_utf8(value))
      return error{errc::malformed, "The form is not in UTF-8.", {{"", "encoding"}}};
  return typed;
}

std::string to_json(const http::fields& typed, const std::string& content_id) {
  std::string body = text_of(typed, "body");
  std::erase(body, '\r');  // browsers end lines with both
  const std::string author =
      json::encode_fields({{"name", text_of(typed, "name")}, {"email", text_of(typed, "email")}});
  std::string made = json::encode_fields({{"content_id", content_id},
                                          {"body", body},
                                          {"parent_id", text_of(typed, "parent_id")},
                                          {"form", text_of(typed, "form")},
                                          {"trap", text_of(typed, "trap")}});
  made.back() = ',';  // of the object's end
  return made + R"("author":)" + author + "}";
}

// Returns the request of the form as a request of the API.
http::request to_api_request(http::request asked, const http::fields& typed) {
  asked.body = to_json(typed, content_of(asked));
  std::erase_if(asked.headers, [](const auto& header) {
    return http::is_same_name(header.first, "Content-Type") ||
           http::is_same_name(header.first, "Idempotency-Key");
  });
  asked.headers.emplace_back("Content-Type", "application/json");
  if (const std::string key = text_of(typed, "key"); !key.empty())
    asked.headers.emplace_back("Idempotency-Key", key);
  return asked;
}

// Returns a redirection to the page that shows what was posted, or says that it waits.
http::response lead_to(const http::response& answer, const relative_url& home) {
  constexpr std::size_t depth_max = 8;
  const json::value made = json::parse(answer.body, depth_max).value_or({});
  const auto text = [&](std::string_view name) {
    const json::value* const found = made.find(name);
    return found ? found->text : "";
  };
  const std::string id = text("id"), status = text("status");
  const relative_url page =
      status == "published"
          ? home.with("posted", "published").with("comment", id).at("comment-" + id)
          : home.with("posted", "pending").at("said");
  return {.status = 303, .headers = {{"Location", page.text()}, {"Cache-Control", "no-store"}}};
}

// --- the page ---

class thread_page final {
 public:
  explicit thread_page(const http::context& shared)
      : shared_{shared},
        lists_{std::min(cache_bytes_max, shared.options().cache_bytes), shared.service().metrics(),
               "comments_html_cache"} {}

  http::response show(http::request asked) const {
    const auto seen = read(asked);
    if (!seen) return http::problem(seen.error(), asked);
    const auto found = shared_.service().contents({&seen->content_id, 1});
    if (!found) return http::problem(found.error(), asked);
    const content& current = found->front();
    if (!http::is_of_epoch(seen->wanted.after, current))
      return http::problem(http::outdated_cursor(), asked);
    const language& words = language_for(asked);
    const std::string etag = etag_of(current, words);
    if (http::has_etag(http::if_none_match(asked), etag)) return http::not_modified(etag);
    const auto list = find_list(*seen, words, stamp_of(current));
    if (!list) return http::problem(list.error(), asked);
    http::response answer = show_page(*seen, words, current, **list, asked);
    answer.headers.emplace_back("ETag", etag);
    answer.headers.emplace_back("Cache-Control", "private, no-cache");
    answer.headers.emplace_back("Vary", "Accept-Language");
    return answer;
  }

  // Sends the form to where JSON goes.
  http::response post(http::request asked) const {
    if (auto refused = refuse_form(asked)) return std::move(*refused);
    const auto typed = read_form(asked);
    if (!typed) return http::problem(typed.error(), asked);
    if (const auto allowed = check_site(asked, *typed); !allowed)
      return http::problem(allowed.error(), asked);
    const relative_url home = home_of(asked);
    const http::response answer = comments_.post(to_api_request(std::move(asked), *typed));
    return answer.status == 201 ? lead_to(answer, home) : answer;
  }

 private:
  // A page of the list, as it stands at a version.
  struct kept_list {
    stamp of{};
    safe_html html{};
    std::string next{};  // the signed cursor of the page behind this one; empty: there is none
  };

  // Refuses a form that stood on a page of another site: nobody who meant to write sent it. Where
  // the browser does not say, the form's token must show that it was ours.
  result<done> check_site(const http::request& asked, const http::fields& typed) const {
    const form_site from = site_of(asked, shared_.options().cors.origins);
    const bool is_fine = from == form_site::unknown
                             ? auth::form_time(shared_.sign(), text_of(typed, "form")).has_value()
                             : from == form_site::ours;
    if (is_fine) return ok();
    return error{errc::forbidden, "The form was sent from a page of another site."};
  }

  result<view> read(const http::request& asked) const {
    view seen{.content_id = content_of(asked), .home = home_of(asked)};
    seen.sort =
        comments::parse<comments::sort>(text_of(asked.query, "sort")).value_or(sort::oldest);
    seen.wanted = {.content_id = seen.content_id,
                   .sort = seen.sort,
                   .limit = std::min(roots_max, shared_.service().options().page_max)};
    for (const auto& [name, place] :
         {std::pair{"comment", &view::linked}, std::pair{"below", &view::above},
          std::pair{"reply", &view::answered}}) {
      if (!http::find_field(asked.query, name)) continue;
      auto found = find(text_of(asked.query, name), seen.content_id);
      if (!found) return std::move(found).error();
      seen.*place = std::move(*found);
    }
    if (seen.above) seen.wanted.parent = seen.above->id;
    if (seen.linked) {
      if (auto fault = begin_with_thread_of(seen)) return std::move(*fault);
    }
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

  // Lets the list begin where the linked comment's thread does. Returns an error of the store.
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
    wanted.after = http::parse_payload(*payload);
    return wanted.after.has_value();
  }

  // Changes with the content, with the pages' sources, and every hour: the form's time must not be
  // too old when it is sent.
  std::string etag_of(const content& current, const language& words) const {
    const auto hour = std::chrono::floor<std::chrono::hours>(shared_.now().time_since_epoch());
    return http::to_etag(stamp_of(current), std::to_string(hour.count()) + "-" + sources_hash() +
                                                "-" + words.code() + "-" + shared_.list_form());
  }

  // What the list depends on, and nothing else that a client may write into an address.
  static std::string name_of(const view& seen, const language& words) {
    const cursor after = seen.wanted.after.value_or(cursor{});
    std::string name{to_text(seen.wanted.sort)};
    name += " " + (seen.wanted.parent ? to_string(*seen.wanted.parent) : "-");
    name += (seen.wanted.after ? " after " : " from ") + std::to_string(after.position) + " " +
            std::to_string(after.votes) + " " + words.code();
    return name + " " + seen.home.text() + " " + seen.content_id;
  }

  result<std::shared_ptr<const kept_list>> find_list(const view& seen, const language& words,
                                                     const stamp& of) const {
    const std::string name = name_of(seen, words);
    const auto is_current = [&of](const kept_list& list) { return list.of == of; };
    if (auto kept = lists_.find(name, is_current)) return kept;
    const auto roots = shared_.service().list(seen.wanted);
    if (!roots) return roots.error();
    kept_list made{.of = of};
    if (!roots->items.empty())
      made.html = comment_list{shared_, words, seen.home}.write(roots->items);
    if (roots->next)
      made.next = shared_.sign().token(cursor_purpose(seen.wanted),
                                       http::to_payload(*roots->next, roots->content.epoch));
    const std::size_t bytes = made.html.text().size();
    auto kept = std::make_shared<const kept_list>(std::move(made));
    if (of.version > 0) lists_.put(name, kept, bytes);
    return kept;
  }

  http::response show_page(const view& seen, const language& words, const content& current,
                           const kept_list& list, const http::request& asked) const {
    const std::string title = words.count("count", current.comments);
    frame around{.title = title + " · " + seen.content_id, .root = asked.path.empty() ? "" : "../"};
    around.feed = relative_url{around.root + "api/v1/feed"}.with("content_id", seen.content_id);
    values shown;
    shown.set_text("title", title);
    shown.set_text("content_id", seen.content_id);
    shown.set_text("said", said_about(text_of(asked.query, "posted"), words));
    show_orders(shown, seen, words, current);
    shown.set_html("comments_html", list.html);
    if (!list.next.empty()) {
      around.next = next_of(seen, list.next);
      shown.set_url("next_url", *around.next);
      shown.set_text("next", words.word(seen.above ? "nextReplies" : "nextPage"));
    }
    show_form(shown, seen, words, current);
    http::response answer = make_page(around, render("thread.html", shown, words), words);
    // The sites whose pages may use the API may frame the thread, too.
    protect(answer, page_policy(shared_.options().cors.origins));
    return answer;
  }

  // Returns what became of a comment that was just posted.
  static std::string_view said_about(std::string_view posted, const language& words) {
    if (posted == "pending") return words.word("waits");
    if (posted == "published") return words.word("posted");
    return {};
  }

  // The orders of the list, or the way back to all of it.
  static void show_orders(values& shown, const view& seen, const language& words,
                          const content& current) {
    if (seen.above || seen.linked) shown.set_url("all_url", seen.home);
    if (seen.above || seen.linked || current.comments < 2) return;
    std::vector<values> orders;
    for (const comments::sort order : {sort::oldest, sort::newest, sort::top}) {
      values& entry = orders.emplace_back();
      entry.set_text("order", words.word(to_text(order)));
      entry.set_url("order_url", seen.home.with("sort", to_text(order)));
      entry.set_flag("is_current", order == seen.sort);
    }
    shown.set_flag("has_orders", true);
    shown.set_list("orders", orders);
  }

  static relative_url next_of(const view& seen, const std::string& cursor) {
    const relative_url same_list = seen.above ? seen.home.with("below", to_string(seen.above->id))
                                              : seen.home.with("sort", to_text(seen.sort));
    return same_list.with("cursor", cursor);
  }

  // The form, and what the reader should know of the content before writing.
  void show_form(values& shown, const view& seen, const language& words,
                 const content& current) const {
    if (current.status == content_status::locked)
      shown.set_text("notice", words.word("content_locked"));
    if (current.status == content_status::premoderated)
      shown.set_text("notice", words.word("premoderated"));
    if (current.status == content_status::locked) return;
    form_fields fields{.form = auth::make_form_token(shared_.sign(), shared_.now()),
                       .key = http::make_request_id()};
    if (const auto& parent = seen.answered) {
      const bool is_named = !parent->author.name.empty();
      fields.parent_id = to_string(parent->id);
      fields.answers = is_named ? parent->author.name : std::string{words.word("anonymous")};
    }
    shown.set_html("form_html", make_form(fields, seen.home, "", words));
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
