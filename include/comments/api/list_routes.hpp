#pragma once
// api/list_routes.hpp - comments as lists: pages of a content, and the original API's whole one.
//
// Lists are what is asked for most, so they are kept in memory as they were sent, packed, too,
// under their target and the version of their content. Every change moves the version, so nothing
// that is kept is ever wrong.
//
//   table.add("GET /api/v1/comments", [&](request asked) { return lists.list(std::move(asked)); });

#include <comments/api/context.hpp>
#include <comments/api/legacy_list.hpp>
#include <comments/cache.hpp>
#include <comments/http/gzip.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments::http {

// Of its own it has nothing but pages that it may forget.
class list_routes final {
 public:
  // An original list of more bytes is not held in memory but streamed.
  static constexpr std::size_t whole_list_bytes_max = 262'144;

  explicit list_routes(const context& shared)
      : shared_{shared},
        pages_{shared.options().cache_bytes, shared.service().metrics(), "comments_page_cache"} {}

  // GET /api/comment/list/{content_id}
  response list_original(request asked) const {
    const std::string content_id{*find_field(asked.path, "content_id")};
    const auto home = find_home(content_id);
    if (!home) return problem(home.error(), asked);
    if (home->version == 0) return legacy_not_found(content_id);
    if (auto kept = find_kept(name_of(asked), home->version)) return answer_kept(asked, *kept);
    if (has_etag(asked_etags(asked), legacy_etag(home->version)))
      return not_modified(legacy_etag(home->version));
    return read_original(asked, content_id);
  }

  // GET /api/v1/comments
  response list(request asked) const {
    const auto home = find_home(std::string{find_field(asked.query, "content_id").value_or("")});
    if (home)
      if (auto kept = find_kept(name_of(asked), home->version)) return answer_kept(asked, *kept);
    auto wanted = read_query(asked);
    if (!wanted) return problem(wanted.error(), asked);
    if (!home) return problem(home.error(), asked);
    if (has_etag(asked_etags(asked), to_etag(home->version)))
      return not_modified(to_etag(home->version));
    const auto page = shared_.service().list(*wanted);
    if (!page) return problem(page.error(), asked);
    std::string next, link;
    if (page->next) {
      next =
          shared_.sign().token(cursor_purpose(*wanted), std::to_string(page->next->position) + " " +
                                                            std::to_string(page->next->votes));
      link = next_link(asked, next);
    }
    const std::int64_t version = page->content.version;
    return answer_kept(asked, *keep(name_of(asked), {version, to_etag(version), std::move(link),
                                                     json::encode(*page, shared_.style(), next)}));
  }

 private:
  // A cursor is worth something only with the filter that it came from.
  static std::string cursor_purpose(const query& wanted) {
    return "cursor " + std::string{to_text(wanted.sort)} + " " +
           (wanted.parent ? to_string(*wanted.parent) : "-") + " " + wanted.content_id;
  }

  result<query> read_query(const request& asked) const {
    query wanted{.content_id = std::string{find_field(asked.query, "content_id").value_or("")}};
    auto found = check_content_id(wanted.content_id, shared_.limits());
    if (const auto text = find_field(asked.query, "parent_id")) {
      wanted.scope = scope::replies;
      wanted.parent = parse_comment_id(*text);
      if (!wanted.parent) found.push_back({"parent_id", "format"});
    }
    if (const auto text = find_field(asked.query, "sort")) {
      const auto sort = parse<comments::sort>(*text);
      if (!sort) found.push_back({"sort", "unknown"});
      wanted.sort = sort.value_or(sort::oldest);
    }
    wanted.limit = shared_.read_limit(asked, found);
    if (!found.empty()) return to_error(std::move(found));
    const auto text = find_field(asked.query, "cursor");
    if (text && !read_cursor(*text, wanted)) return bad_cursor();
    return wanted;
  }

  bool read_cursor(std::string_view text, query& wanted) const {
    const auto payload = shared_.sign().verify(cursor_purpose(wanted), text);
    if (!payload) return false;
    const std::size_t space = payload->find(' ');
    const auto position = parse_number<std::int64_t>(std::string_view{*payload}.substr(0, space));
    const auto votes = parse_number<std::int64_t>(std::string_view{*payload}.substr(space + 1));
    if (!position || !votes) return false;
    wanted.after = cursor{*position, *votes};
    return true;
  }

  // The same request for the next page (RFC 8288).
  static std::string next_link(const request& asked, std::string_view next) {
    std::string link = "<" + asked.prefix + "/api/v1/comments?";
    for (const auto& [name, value] : asked.query)
      if (name != "cursor") link += percent_encode(name) + "=" + percent_encode(value) + "&";
    return link + "cursor=" + percent_encode(next) + ">; rel=\"next\"";
  }

  // A list as it stood at a version of its content. The same target at the same version is the
  // same list, so it is kept under its target: nobody reads the query of one that is known.
  struct kept_list {
    std::int64_t version{};
    std::string etag{};
    std::string link{};  // to the next page, if there is one
    std::string body{};
  };

  // The content itself, which anybody may comment on: version 0 if nobody has.
  result<content> find_home(const std::string& content_id) const {
    auto found = shared_.service().contents({&content_id, 1});
    if (!found) return std::move(found).error();
    return std::move(found->front());
  }

  static std::string name_of(const request& asked) { return asked.prefix + ' ' + asked.target; }

  std::shared_ptr<const kept_list> find_kept(const std::string& name, std::int64_t version) const {
    return pages_.find(name, [version](const kept_list& kept) { return kept.version == version; });
  }

  // Contents that nobody commented on are not kept: anybody can name any number of them.
  std::shared_ptr<const kept_list> keep(const std::string& name, kept_list made) const {
    made.body.shrink_to_fit();
    const std::size_t bytes = made.etag.size() + made.link.size() + made.body.size();
    auto kept = std::make_shared<const kept_list>(std::move(made));
    if (kept->version > 0) pages_.put(name, kept, bytes);
    return kept;
  }

  // Hidden addresses make another representation, so they need another tag.
  std::string legacy_etag(std::int64_t version) const {
    return '"' + std::to_string(version) +
           (shared_.options().hide_legacy_emails ? "-hidden\"" : "\"");
  }

  static response legacy_not_found(const std::string& content_id) {
    response answer = answer_with(json::encode_legacy_not_found(content_id));
    answer.status = 404;
    return answer;
  }

  // The original list from the store: whole, or its first pieces and a stream of the others.
  response read_original(const request& asked, const std::string& content_id) const {
    const auto list = std::make_shared<legacy_list>(shared_.service(), content_id,
                                                    shared_.options().hide_legacy_emails);
    std::string body;
    for (chunk next; next.then == chunk::state::more && body.size() < whole_list_bytes_max;) {
      next = list->next();
      if (next.then == chunk::state::broken) return problem(list->why(), asked);
      body += next.bytes;
    }
    const std::int64_t version = list->home()->version;
    const std::string etag = legacy_etag(version);
    if (has_etag(asked_etags(asked), etag)) return not_modified(etag);
    if (list->is_over() && list->is_of_one_version())
      return answer_kept(asked, *keep(name_of(asked), {version, etag, {}, std::move(body)}));
    response answer = fresh(etag, std::move(body));
    if (!list->is_over()) answer.rest = [list](const auto&) { return list->next(); };
    return answer;
  }

  response answer_kept(const request& asked, const kept_list& kept) const {
    if (has_etag(asked_etags(asked), kept.etag)) return not_modified(kept.etag);
    const auto packed = find_packed(asked, kept);
    response answer = fresh(kept.etag, packed ? packed->body : kept.body);
    if (packed) answer.headers.emplace_back("Content-Encoding", "gzip");
    if (!kept.link.empty()) answer.headers.emplace_back("Link", kept.link);
    return answer;
  }

  // The same list packed, once for all who take it so; null where it is better sent as it is.
  std::shared_ptr<const kept_list> find_packed(const request& asked, const kept_list& kept) const {
    const bool is_worth_it = kept.body.size() >= gzip_bytes_min &&
                             takes_gzip(find_header(asked.headers, "Accept-Encoding").value_or(""));
    if (!is_worth_it) return nullptr;
    const std::string name = name_of(asked) + " gzip";
    if (auto known = find_kept(name, kept.version)) return known;
    std::string packed = gzip(kept.body);
    if (packed.empty()) return nullptr;
    return keep(name, {.version = kept.version, .body = std::move(packed)});
  }

  const context& shared_;
  mutable cache<kept_list> pages_;
};

}  // namespace comments::http
