#pragma once
// api/moderation_routes.ipp - definitions of api/moderation_routes.hpp.

#include <comments/api/moderation_routes.hpp>

#include <comments/api/responses.hpp>
#include <comments/http/problem.hpp>
#include <comments/json/decode.hpp>
#include <comments/json/encode.hpp>
#include <comments/permissions.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments::inline v0::http {

namespace detail {

// A cursor is good only for the search that it came from.
inline std::string purpose_of_cursor(const search& wanted) {
  return "queue " + std::string{wanted.status ? to_text(*wanted.status) : "all"} + " " +
         wanted.text;
}

// The content that a request names: in its path, or exactly once in its query.
inline result<std::string> content_id_in(const request& asked) {
  if (const auto in_path = find_field(asked.path, "content_id")) return std::string{*in_path};
  const auto is_one = [](const auto& field) { return field.first == "content_id"; };
  const auto count = std::ranges::count_if(asked.query, is_one);
  if (count == 1) return std::string{*find_field(asked.query, "content_id")};
  return to_error({{"content_id", count == 0 ? "required" : "too_many"}});
}

inline std::string purpose_of_cursor(const decision_query& wanted) {
  return "actions " + wanted.content_id;
}

// A place as text: "1700000000000 17 my content".
inline std::string to_payload(const decision_place& place) {
  return std::to_string(to_milliseconds(place.at)) + " " + std::to_string(place.version) + " " +
         place.content_id;
}

inline std::optional<decision_place> to_place(std::string_view text) {
  const std::size_t first = std::min(text.find(' '), text.size());
  const std::size_t second = std::min(text.find(' ', first + 1), text.size());
  if (second == text.size()) return std::nullopt;
  const auto at = http::parse_number<std::int64_t>(text.substr(0, first));
  const auto version = http::parse_number<std::int64_t>(text.substr(first + 1, second - first - 1));
  if (!at || !version) return std::nullopt;
  return decision_place{from_milliseconds(*at), std::string{text.substr(second + 1)}, *version};
}

// The error for the history of a comment that does not exist: only a moderator learns that.
inline error no_history(const principal& caller) {
  if (auto allowed = need_moderator(caller); !allowed) return std::move(allowed).error();
  return comment_not_found();
}

// The status is that of --mode as long as nobody set one, so the version alone does not tell it.
inline std::string etag_of(const content& found) {
  return to_etag({found.version, found.epoch}, to_text(found.status.value_or(content_status{})));
}

}  // namespace detail

COMMENTS_INLINE response moderation_routes::queue(request asked) const {
  const auto caller = shared_.identify(asked);
  if (!caller) return problem(caller.error(), asked);
  if (auto allowed = need_moderator(*caller); !allowed) return problem(allowed.error(), asked);
  const auto wanted = read_search(asked);
  if (!wanted) return problem(wanted.error(), asked);
  const auto found = shared_.service().find_all(*wanted, *caller);
  if (!found) return problem(found.error(), asked);
  std::string next;
  if (found->next)
    next = shared_.sign().token(detail::purpose_of_cursor(*wanted), to_string(*found->next));
  std::optional<error> failed;
  std::string text =
      json::encode_items(found->items, next, [&](std::string& to, const comment& item) {
        std::vector<comments::report> reports;
        if (item.reports > 0) {
          auto read = shared_.service().reports_of(item.id, *caller);
          if (read)
            reports = std::move(*read);
          else
            failed = std::move(read).error();
        }
        json::append_moderated(to, item, shared_.style(), reports);
      });
  return failed ? problem(*failed, asked) : json_response(std::move(text));
}

COMMENTS_INLINE response moderation_routes::actions(request asked) const {
  const auto caller = shared_.identify(asked);
  if (!caller) return problem(caller.error(), asked);
  if (auto allowed = need_moderator(*caller); !allowed) return problem(allowed.error(), asked);
  const auto wanted = read_decision_query(asked);
  if (!wanted) return problem(wanted.error(), asked);
  const auto found = shared_.service().decisions(*wanted, *caller);
  if (!found) return problem(found.error(), asked);
  std::string next;
  if (found->next)
    next =
        shared_.sign().token(detail::purpose_of_cursor(*wanted), detail::to_payload(*found->next));
  return json_response(json::encode_items(found->items, next, json::append_decision));
}

COMMENTS_INLINE response moderation_routes::decide(request asked) const {
  if (auto refused = refuse_media(asked)) return std::move(*refused);
  const auto caller = shared_.identify(asked);
  if (!caller) return problem(caller.error(), asked);
  if (auto allowed = need_moderator(*caller); !allowed) return problem(allowed.error(), asked);
  const auto wanted = json::decode_decision(asked.body, shared_.limits());
  if (!wanted) return problem(wanted.error(), asked);
  const change_options options{.any_of = expected_versions(asked, shared_.service()),
                               .reason = wanted->reason};
  const auto decided = shared_.service().moderate(wanted->ids, wanted->action, *caller, options);
  if (!decided) return problem(decided.error(), asked);
  // A decision about one comment that fails is a problem; of several, each has its own code.
  if (decided->size() == 1 && !decided->front().second)
    return problem(decided->front().second.error(), asked);
  return json_response(json::encode_items(*decided, "", [](std::string& to, const auto& item) {
    const auto& [id, outcome] = item;
    json::append_result(to, id, outcome, outcome ? "" : code_of(outcome.error()));
  }));
}

COMMENTS_INLINE response moderation_routes::history(request asked) const {
  const auto caller = shared_.identify(asked);
  if (!caller) return problem(caller.error(), asked);
  const auto id = parse_comment_id(*find_field(asked.path, "id"));
  const auto after = parse_number<std::int64_t>(find_field(asked.query, "after").value_or("0"));
  if (!after) return problem(to_error({{"after", "format"}}), asked);
  if (!id) return problem(detail::no_history(*caller), asked);
  const std::size_t limit = shared_.service().options().page_max;
  const auto events = shared_.service().history(*id, *after, limit, *caller);
  if (!events) return problem(events.error(), asked);
  const std::string next = events->size() == limit ? std::to_string(events->back().version) : "";
  return json_response(json::encode_items(*events, next, json::append_history));
}

COMMENTS_INLINE response moderation_routes::notices(request asked) const {
  const auto caller = shared_.identify(asked);
  if (!caller) return problem(caller.error(), asked);
  if (auto allowed = need_moderator(*caller); !allowed) return problem(allowed.error(), asked);
  std::vector<unheard_proxy> unheard;
  if (auto found = shared_.proxies()->found()) unheard.push_back(std::move(*found));
  return json_response(json::encode_items(unheard, "", [](std::string& to, const auto& proxy) {
    to += json::encode_fields({{"code", proxy.is_trusted ? "unread_proxy" : "untrusted_proxy"},
                               {"header", proxy.header},
                               {"address", proxy.address},
                               {"detail", advice_about(proxy)}});
  }));
}

COMMENTS_INLINE response moderation_routes::find_content(request asked) const {
  const auto content_id = detail::content_id_in(asked);
  if (!content_id) return problem(content_id.error(), asked);
  const auto found = shared_.service().find_content(*content_id);
  if (!found) return problem(found.error(), asked);
  const std::string etag = detail::etag_of(*found);
  if (has_etag(if_none_match(asked), etag)) return not_modified(etag);
  return tagged_response(etag, json::encode(*found));
}

COMMENTS_INLINE response moderation_routes::change_content(request asked) const {
  if (auto refused = refuse_media(asked)) return std::move(*refused);
  const auto caller = shared_.identify(asked);
  if (!caller) return problem(caller.error(), asked);
  if (auto allowed = need_moderator(*caller); !allowed) return problem(allowed.error(), asked);
  const auto wanted = json::decode_content_change(asked.body, shared_.limits());
  if (!wanted) return problem(wanted.error(), asked);
  const auto content_id = detail::content_id_in(asked);
  if (!content_id) return problem(content_id.error(), asked);
  const auto changed = shared_.service().set_status(
      *content_id, wanted->status, *caller,
      {.any_of = expected_versions(asked, shared_.service()), .reason = wanted->reason});
  if (!changed) return problem(changed.error(), asked);
  response answer = json_response(json::encode(*changed));
  answer.headers.emplace_back("ETag", detail::etag_of(*changed));
  return answer;
}

COMMENTS_INLINE result<decision_query> moderation_routes::read_decision_query(
    const request& asked) const {
  std::vector<violation> found;
  decision_query wanted{.limit = shared_.read_limit(asked, found)};
  if (const auto id = find_field(asked.query, "content_id")) {
    wanted.content_id = *id;
    std::ranges::move(check_content_id(*id, shared_.limits()), std::back_inserter(found));
  }
  if (!found.empty()) return to_error(std::move(found));
  if (const auto text = find_field(asked.query, "cursor")) {
    const auto place = shared_.sign().verify(detail::purpose_of_cursor(wanted), *text);
    if (place) wanted.after = detail::to_place(*place);
    if (!wanted.after) return bad_cursor();
  }
  return wanted;
}

COMMENTS_INLINE result<search> moderation_routes::read_search(const request& asked) const {
  std::vector<violation> found;
  search wanted{.status = status::pending};
  if (const auto text = find_field(asked.query, "status"); text && *text != "pending") {
    wanted.status = parse<status>(*text);
    if (!wanted.status && *text != "all") found.push_back({"status", "unknown"});
  }
  if (const auto text = find_field(asked.query, "q"))
    if (check_text(found, "q", *text, shared_.limits().name_bytes_max)) wanted.text = *text;
  wanted.limit = shared_.read_limit(asked, found);
  if (!found.empty()) return to_error(std::move(found));
  if (const auto text = find_field(asked.query, "cursor")) {
    const auto id = shared_.sign().verify(detail::purpose_of_cursor(wanted), *text);
    if (id) wanted.after = parse_comment_id(*id);
    if (!wanted.after) return bad_cursor();
  }
  return wanted;
}

}  // namespace comments::inline v0::http
