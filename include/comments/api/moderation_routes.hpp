#pragma once
// api/moderation_routes.hpp - what moderators see and decide: the queue, decisions, histories, and
// the status of contents.
//
//   table.add("GET /api/v1/moderation/queue", [&](request asked) { return desk.queue(asked); });

#include <comments/api/context.hpp>
#include <comments/json/decode.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments::http {

class moderation_routes final {
 public:
  explicit moderation_routes(const context& shared) : shared_{shared} {}

  // GET /api/v1/moderation/queue
  response queue(request asked) const {
    const auto who = shared_.identify(asked);
    if (!who) return problem(who.error(), asked);
    if (auto allowed = need_moderator(*who); !allowed) return problem(allowed.error(), asked);
    const auto wanted = read_search(asked);
    if (!wanted) return problem(wanted.error(), asked);
    const auto found = shared_.service().find_all(*wanted, *who);
    if (!found) return problem(found.error(), asked);
    std::string next;
    if (found->next) next = shared_.sign().token(cursor_purpose(*wanted), to_string(*found->next));
    error failed;
    bool is_whole = true;
    std::string text =
        json::encode_items(found->items, next, [&](std::string& to, const comment& item) {
          auto said = item.reports > 0 ? shared_.service().reports_of(item.id, *who)
                                       : std::vector<comments::report>{};
          if (!said) failed = said.error();
          is_whole = is_whole && said;
          json::append_moderated(to, item, shared_.style(),
                                 said ? *said : std::vector<comments::report>{});
        });
    return is_whole ? answer_with(std::move(text)) : problem(failed, asked);
  }

  // POST /api/v1/moderation/actions
  response decide(request asked) const {
    if (auto refused = refuse_media(asked)) return std::move(*refused);
    const auto who = shared_.identify(asked);
    if (!who) return problem(who.error(), asked);
    if (auto allowed = need_moderator(*who); !allowed) return problem(allowed.error(), asked);
    const auto wanted = json::decode_decision(asked.body, shared_.limits());
    if (!wanted) return problem(wanted.error(), asked);
    const auto decided =
        shared_.service().moderate(wanted->ids, wanted->action, *who,
                                   {.any_of = expected_versions(asked), .reason = wanted->reason});
    if (!decided) return problem(decided.error(), asked);
    // About one comment there is one answer; about several, one for each.
    if (decided->size() == 1 && !decided->front().second)
      return problem(decided->front().second.error(), asked);
    return answer_with(json::encode_items(*decided, "", [](std::string& to, const auto& one) {
      const auto& [id, outcome] = one;
      json::append_result(to, id, outcome, outcome ? "" : code_of(outcome.error()));
    }));
  }

  // GET /api/v1/comments/{id}/history
  response history(request asked) const {
    const auto who = shared_.identify(asked);
    if (!who) return problem(who.error(), asked);
    const auto id = parse_comment_id(*find_field(asked.path, "id"));
    const auto after = parse_number<std::int64_t>(find_field(asked.query, "after").value_or("0"));
    if (!after) return problem(to_error({{"after", "format"}}), asked);
    const std::size_t limit = shared_.service().options().page_max;
    const auto events = id ? shared_.service().history(*id, *after, limit, *who) : unknown_to(*who);
    if (!events) return problem(events.error(), asked);
    const std::string next = events->size() == limit ? std::to_string(events->back().version) : "";
    return answer_with(json::encode_items(*events, next, json::append_history));
  }

  // GET /api/v1/contents/{content_id}
  response find_content(request asked) const {
    const auto found =
        shared_.service().find_content(std::string{*find_field(asked.path, "content_id")});
    if (!found) return problem(found.error(), asked);
    const std::string etag = to_etag(found->version);
    if (has_etag(asked_etags(asked), etag)) return not_modified(etag);
    return fresh(etag, json::encode(*found));
  }

  // PATCH /api/v1/contents/{content_id}
  response change_content(request asked) const {
    if (auto refused = refuse_media(asked)) return std::move(*refused);
    const auto who = shared_.identify(asked);
    if (!who) return problem(who.error(), asked);
    if (auto allowed = need_moderator(*who); !allowed) return problem(allowed.error(), asked);
    const auto wanted = json::decode_content_change(asked.body, shared_.limits());
    if (!wanted) return problem(wanted.error(), asked);
    const std::string content_id{*find_field(asked.path, "content_id")};
    const auto changed = shared_.service().set_status(
        content_id, wanted->status, *who,
        {.any_of = expected_versions(asked), .reason = wanted->reason});
    if (!changed) return problem(changed.error(), asked);
    response answer = answer_with(json::encode(*changed));
    answer.headers.emplace_back("ETag", to_etag(changed->version));
    return answer;
  }

 private:
  // Nobody but a moderator hears whether there is such a comment.
  static result<std::vector<event>> unknown_to(const principal& who) {
    if (auto allowed = need_moderator(who); !allowed) return std::move(allowed).error();
    return comment_not_found();
  }

  static std::string cursor_purpose(const search& wanted) {
    return "queue " + std::string{wanted.status ? to_text(*wanted.status) : "all"} + " " +
           wanted.text;
  }

  result<search> read_search(const request& asked) const {
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
      const auto id = shared_.sign().verify(cursor_purpose(wanted), *text);
      if (id) wanted.after = parse_comment_id(*id);
      if (!wanted.after) return bad_cursor();
    }
    return wanted;
  }

  const context& shared_;
};

}  // namespace comments::http
