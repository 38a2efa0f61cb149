#pragma once
// json/decode.ipp - definitions of json/decode.hpp.

#include <comments/json/decode.hpp>

#include <comments/json/document.hpp>

#include <algorithm>
#include <utility>

namespace comments::inline v0::json {

namespace detail {

// The fields of a draft that a form of it calls something else: JSON pointers, ours and theirs.
using field_names = std::vector<std::pair<std::string_view, std::string_view>>;

// Returns `written` if neither its shape nor `check` has anything against it. There is one
// violation for each field: what is wrong with its shape comes before what is wrong with its text.
inline result<draft> accept(draft written, std::vector<violation> found, const limits& limits,
                            const field_names& names) {
  for (violation& broken : check(written, limits)) {
    for (const auto& [pointer, name] : names)
      if (broken.pointer == pointer) broken.pointer = name;
    if (std::ranges::find(found, broken.pointer, &violation::pointer) == found.end())
      found.push_back(std::move(broken));
  }
  if (!found.empty()) return to_error(std::move(found));
  return written;
}

// Returns a draft from an object, of which `read` takes all but the content's id.
template <typename Read>
result<draft> decode_object(std::string_view text, std::string key, const limits& limits,
                            const field_names& names, Read&& read) {
  const auto parsed = parse_object(text, limits.json_depth_max);
  if (!parsed) return parsed.error();
  std::vector<violation> found;
  field_reader root{*parsed, "/", found};
  draft written{.content_id = root.name("content_id", true), .key = std::move(key)};
  read(root, written, found);
  return accept(std::move(written), std::move(found), limits, names);
}

// Returns what `read` makes of an object whose texts are all checked elsewhere.
template <typename Value, typename Read>
result<Value> decode_fields(std::string_view text, const limits& limits, Read&& read) {
  const auto parsed = parse_object(text, limits.json_depth_max);
  if (!parsed) return parsed.error();
  std::vector<violation> found;
  field_reader root{*parsed, "/", found};
  Value value = read(root);
  if (!found.empty()) return to_error(std::move(found));
  return value;
}

}  // namespace detail

COMMENTS_INLINE result<draft> decode_draft(std::string_view text, std::string key,
                                           const limits& limits, form_fields& form) {
  const auto read = [&form](field_reader& root, draft& written, std::vector<violation>& found) {
    written.body = root.text("body", true);
    form = {root.text("form", false), !root.text("trap", false).empty()};
    const std::string parent = root.text("parent_id", false);
    written.parent = parse_comment_id(parent);
    if (!parent.empty() && !written.parent) root.note("parent_id", "format");
    root.refuse_others({"content_id", "body", "parent_id", "author", "form", "trap"});
    const value* const author = root.object("author");
    if (!author) return;
    field_reader inner{*author, "/author/", found};
    written.author.name = inner.text("name", false);
    written.author.email = inner.text("email", false);
    written.author.url = inner.text("url", false);
    inner.refuse_others({"name", "email", "url"});
  };
  return detail::decode_object(text, std::move(key), limits, {}, read);
}

COMMENTS_INLINE result<draft> decode_draft(std::string_view text, std::string key,
                                           const limits& limits) {
  form_fields ignored;
  return decode_draft(text, std::move(key), limits, ignored);
}

COMMENTS_INLINE result<draft> decode_legacy_draft(std::string_view text, std::string key,
                                                  const limits& limits) {
  const auto read = [](field_reader& root, draft& written, std::vector<violation>&) {
    written.author.email = root.text("email", true);
    written.author.email_shown = true;
    written.body = root.text("comment", true);
  };
  return detail::decode_object(text, std::move(key), limits,
                               {{"/author/email", "/email"}, {"/body", "/comment"}}, read);
}

COMMENTS_INLINE result<std::string> decode_body(std::string_view text, const limits& limits) {
  return detail::decode_fields<std::string>(text, limits, [](field_reader& root) {
    root.refuse_others({"body"});
    return root.text("body", true);
  });
}

COMMENTS_INLINE result<std::string> decode_reason(std::string_view text, const limits& limits) {
  return detail::decode_fields<std::string>(text, limits, [](field_reader& root) {
    root.refuse_others({"reason"});
    return root.text("reason", true);
  });
}

COMMENTS_INLINE result<content_change> decode_content_change(std::string_view text,
                                                             const limits& limits) {
  return detail::decode_fields<content_change>(text, limits, [](field_reader& root) {
    content_change wanted{.reason = root.text("reason", false)};
    root.refuse_others({"status", "reason"});
    if (root.is_null("status")) return wanted;
    const std::string name = root.text("status", true);
    wanted.status = comments::parse<content_status>(name);
    if (!name.empty() && !wanted.status) root.note("status", "unknown");
    return wanted;
  });
}

COMMENTS_INLINE result<decision_request> decode_decision(std::string_view text,
                                                         const limits& limits) {
  return detail::decode_fields<decision_request>(text, limits, [](field_reader& root) {
    decision_request wanted{.reason = root.text("reason", false)};
    root.refuse_others({"ids", "action", "reason"});
    for (const std::string& id : root.texts("ids")) {
      if (const auto parsed = parse_comment_id(id))
        wanted.ids.push_back(*parsed);
      else
        root.note("ids", "format");
    }
    const std::string name = root.text("action", true);
    const auto action = comments::parse<decision>(name);
    if (!name.empty() && !action) root.note("action", "unknown");
    wanted.action = action.value_or(decision::hold);
    return wanted;
  });
}

COMMENTS_INLINE result<deployment> decode_deployment(std::string_view text, const limits& limits,
                                                     const deployment_limits& most) {
  return detail::decode_fields<deployment>(text, limits, [&most](field_reader& root) {
    deployment step{.component = root.text("component", true),
                    .version = root.text("version", true),
                    .responsible = root.text("responsible", true),
                    .run = root.name("run", false)};
    const std::string name = root.text("status", true);
    const auto status = comments::parse<deployment_status>(name);
    if (!name.empty() && !status) root.note("status", "unknown");
    step.status = status.value_or(deployment_status::pending);
    for (const violation& broken : check(step, most))
      root.note(broken.pointer.substr(1).c_str(), broken.code.c_str());
    root.refuse_others({"component", "version", "responsible", "status", "run", "date"});
    return step;
  });
}

}  // namespace comments::inline v0::json
