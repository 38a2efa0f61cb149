#pragma once
// api/list_routes.ipp - definitions of api/list_routes.hpp.

#include <comments/api/list_routes.hpp>

#include <comments/api/legacy_list.hpp>
#include <comments/api/responses.hpp>
#include <comments/http/gzip.hpp>
#include <comments/http/problem.hpp>
#include <comments/json/encode.hpp>

#include <optional>
#include <utility>
#include <vector>

namespace comments::inline v0::http {

namespace detail {

// A cursor is good only for the list that it came from.
inline std::string purpose_of_cursor(const query& wanted) {
  return "cursor " + std::string{to_text(wanted.sort)} + " " +
         (wanted.parent ? to_string(*wanted.parent) : "-") + " " + wanted.content_id;
}

// Returns the link to the next page of the list that is asked for (RFC 8288).
inline std::string next_link(std::string_view prefix, const query& wanted,
                             std::string_view cursor) {
  std::string link = "<" + std::string{prefix} +
                     "/api/v1/comments?content_id=" + percent_encode(wanted.content_id);
  if (wanted.parent) link += "&parent_id=" + to_string(*wanted.parent);
  if (wanted.sort != sort::oldest) link.append("&sort=").append(to_text(wanted.sort));
  link += "&limit=" + std::to_string(wanted.limit);
  return link + "&cursor=" + percent_encode(cursor) + ">; rel=\"next\"";
}

// Returns the name under which a list is kept. It is made of what was read from the request, so
// that each list has one name, however it is asked for. What a client chose freely comes last.
inline std::string name_of_list(std::string_view prefix, const query& wanted) {
  const cursor after = wanted.after.value_or(cursor{});
  std::string name{"list "};
  name.append(to_text(wanted.sort)).append(" ").append(std::to_string(wanted.limit));
  name.append(" ").append(wanted.parent ? to_string(*wanted.parent) : "-");
  name.append(wanted.after ? " after " : " from ").append(std::to_string(after.position));
  name.append(" ").append(std::to_string(after.votes)).append(" ").append(prefix);
  return name.append(" ").append(wanted.content_id);
}

inline response deferred() { return {.is_deferred = true}; }

inline response legacy_not_found(const std::string& content_id) {
  response answer = json_response(json::encode_legacy_not_found(content_id));
  answer.status = 404;
  return answer;
}

}  // namespace detail

COMMENTS_INLINE list_routes::list_routes(const context& shared)
    : shared_{shared},
      pages_{shared.options().cache, shared.options().cache_bytes, shared.service().metrics(),
             "comments_page_cache"} {}

COMMENTS_INLINE response list_routes::list_legacy(request asked) const {
  const std::string content_id{*find_field(asked.path, "content_id")};
  const auto found = find_content(asked, content_id);
  if (!found) return detail::deferred();
  const auto& current = *found;
  if (!current) return problem(current.error(), asked);
  if (current->version == 0) return detail::legacy_not_found(content_id);
  const std::string name = "legacy " + content_id;
  if (auto kept = find_kept(asked, name, stamp_of(*current))) return send(asked, name, kept);
  const std::string etag = legacy_etag(stamp_of(*current));
  if (has_etag(if_none_match(asked), etag)) return not_modified(etag);
  if (asked.effort == effort::memory) return detail::deferred();
  if (asked.method == "HEAD") return without_body(tagged_response(etag, ""));
  return read_legacy(asked, name, content_id);
}

COMMENTS_INLINE response list_routes::list(request asked) const {
  const auto wanted = read_query(asked);
  if (!wanted) return problem(wanted.error(), asked);
  const auto found = find_content(asked, wanted->content_id);
  if (!found) return detail::deferred();
  const auto& current = *found;
  if (!current) return problem(current.error(), asked);
  if (!is_of_epoch(wanted->after, *current)) return problem(outdated_cursor(), asked);
  if (const std::string browser = shared_.browser_of(asked); !browser.empty()) {
    if (asked.effort == effort::memory) return detail::deferred();
    const auto own = shared_.service().list_with_own(*wanted, {.browser = browser});
    if (!own) return problem(own.error(), asked);
    if (*own) return send_own(asked, *wanted, **own);
  }
  const std::string name = detail::name_of_list(asked.prefix, *wanted);
  if (auto kept = find_kept(asked, name, stamp_of(*current))) return send(asked, name, kept);
  const std::string etag = shared_.etag_of_list(stamp_of(*current));
  if (has_etag(if_none_match(asked), etag)) return not_modified(etag);
  if (asked.effort == effort::memory) return detail::deferred();
  if (asked.method == "HEAD") return without_body(tagged_response(etag, ""));
  const auto page = shared_.service().list(*wanted);
  if (!page) return problem(page.error(), asked);
  return send(asked, name, keep(name, encode(asked, *wanted, *page)));
}

COMMENTS_INLINE response list_routes::send_own(const request& asked, const query& wanted,
                                               const page& found) const {
  if (asked.method == "HEAD") return without_body(private_response(""));
  kept_list made = encode(asked, wanted, found);
  response answer = private_response(std::move(made.body));
  if (!made.link.empty()) answer.headers.emplace_back("Link", std::move(made.link));
  return answer;
}

COMMENTS_INLINE list_routes::kept_list list_routes::encode(const request& asked,
                                                           const query& wanted,
                                                           const page& found) const {
  const stamp of = stamp_of(found.content);
  kept_list made{.of = of, .etag = shared_.etag_of_list(of)};
  std::string next;
  if (found.next) {
    next =
        shared_.sign().token(detail::purpose_of_cursor(wanted), to_payload(*found.next, of.epoch));
    made.link = detail::next_link(asked.prefix, wanted, next);
  }
  made.body = json::encode(found, shared_.style(), next);
  return made;
}

// Returns the content as it is now, or nothing if that is not in memory and must not be waited for.
// One without comments is at version 0, and no error.
COMMENTS_INLINE std::optional<result<content>> list_routes::find_content(
    const request& asked, const std::string& content_id) const {
  if (auto known = shared_.service().known_content(content_id)) return std::move(*known);
  if (asked.effort == effort::memory) return std::nullopt;
  auto found = shared_.service().contents({&content_id, 1});
  if (!found) return std::move(found).error();
  return std::move(found->front());
}

COMMENTS_INLINE result<query> list_routes::read_query(const request& asked) const {
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

COMMENTS_INLINE bool list_routes::read_cursor(std::string_view text, query& wanted) const {
  const auto payload = shared_.sign().verify(detail::purpose_of_cursor(wanted), text);
  if (!payload) return false;
  wanted.after = parse_payload(*payload);
  return wanted.after.has_value();
}

// A list with other addresses is another representation, so it has another tag. A number alone was
// the tag of the lists that showed all.
COMMENTS_INLINE std::string list_routes::legacy_etag(const stamp& of) const {
  return to_etag(of, "emails-" + std::string{comments::to_text(shared_.options().legacy_emails)});
}

// Reads the legacy list from the store. The response has it whole, or its first chunks and a stream
// of the others.
COMMENTS_INLINE response list_routes::read_legacy(const request& asked, const std::string& name,
                                                  const std::string& content_id) const {
  const auto list =
      std::make_shared<legacy_list>(shared_.service(), content_id, shared_.options().legacy_emails);
  std::string body;
  for (chunk next; next.then == chunk::state::more && body.size() < whole_list_bytes_max;) {
    next = list->next();
    if (next.then == chunk::state::broken) return problem(list->why(), asked);
    body += next.bytes;
  }
  const stamp of = stamp_of(*list->of());
  const std::string etag = legacy_etag(of);
  if (has_etag(if_none_match(asked), etag)) return not_modified(etag);
  if (list->is_over() && list->is_of_one_version())
    return send(asked, name, keep(name, {of, etag, {}, std::move(body)}));
  response answer = tagged_response(etag, std::move(body));
  if (!list->is_over()) answer.rest = [list](const auto&) { return list->next(); };
  return answer;
}

COMMENTS_INLINE list_routes::shared_list list_routes::find_kept(const request& asked,
                                                                const std::string& name,
                                                                const stamp& of) const {
  const auto is_current = [&of](const kept_list& kept) { return kept.of == of; };
  // What is deferred is looked for again, and missed only then.
  return asked.effort == effort::memory ? pages_.find_quietly(name, is_current)
                                        : pages_.find(name, is_current);
}

// Lists of contents without comments are not kept: a client can name any number of contents.
COMMENTS_INLINE list_routes::shared_list list_routes::keep(const std::string& name,
                                                           kept_list made) const {
  made.body.shrink_to_fit();
  const std::size_t bytes = made.etag.size() + made.link.size() + made.body.size();
  auto kept = std::make_shared<const kept_list>(std::move(made));
  if (kept->of.version > 0) pages_.put(name, kept, bytes);
  return kept;
}

// Returns the same list compressed, once for all clients that take it so; null if there is no
// memory for it, or if it is not there yet and must not be made.
COMMENTS_INLINE list_routes::shared_list list_routes::find_compressed(const request& asked,
                                                                      const std::string& name,
                                                                      const kept_list& kept) const {
  const std::string compressed_name = "gzip " + name;
  if (auto known = find_kept(asked, compressed_name, kept.of)) return known;
  std::string compressed = asked.effort == effort::memory ? "" : gzip(kept.body);
  if (compressed.empty()) return nullptr;
  return keep(compressed_name, {.of = kept.of, .body = std::move(compressed)});
}

COMMENTS_INLINE response list_routes::send(const request& asked, const std::string& name,
                                           const shared_list& kept) const {
  if (has_etag(if_none_match(asked), kept->etag)) return not_modified(kept->etag);
  if (asked.method == "HEAD") return without_body(tagged_response(kept->etag, ""));
  const bool is_compressed = kept->body.size() >= gzip_bytes_min &&
                             takes_gzip(find_header(asked.headers, "Accept-Encoding").value_or(""));
  const auto compressed = is_compressed ? find_compressed(asked, name, *kept) : nullptr;
  if (is_compressed && !compressed && asked.effort == effort::memory) return detail::deferred();
  const shared_list& sent = compressed ? compressed : kept;
  response answer = tagged_response(kept->etag, "");
  if (asked.effort == effort::memory)
    answer.shared_body = {sent, &sent->body};
  else
    answer.body = sent->body;
  if (compressed) answer.headers.emplace_back("Content-Encoding", "gzip");
  if (!kept->link.empty()) answer.headers.emplace_back("Link", kept->link);
  return answer;
}

}  // namespace comments::inline v0::http
