#pragma once
// json/encode.ipp - definitions of json/encode.hpp.

#include <comments/json/encode.hpp>

#include <comments/json/document.hpp>

#include <algorithm>
#include <charconv>
#include <set>

namespace comments::inline v0::json {

COMMENTS_INLINE void append_text(std::string& to, std::string_view text) {
  // Most text needs no escape, so the library is asked for the rest only.
  const bool is_plain = std::ranges::all_of(
      text, [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
  if (is_plain)
    to.append("\"").append(text).append("\"");
  else
    to += to_string_literal(text);
}

COMMENTS_INLINE void append_number(std::string& to, std::int64_t number) {
  char digits[24];
  to.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

COMMENTS_INLINE std::string style::tag() const {
  std::string tag = form_.substr(0, form_.find(' '));
  if (!body_.name.empty()) tag.append("-").append(body_.name);
  for (char& c : tag)
    if (c <= ' ' || c > '~' || c == '"' || c == ',') c = '_';
  return tag;
}

COMMENTS_INLINE std::string encode_written(const comment& written, const style& style) {
  const author& author = written.author;
  std::string text{style.form()};
  append_text(text += R"("author":{"name":)", author.name);
  text += author.verified ? R"(,"verified":true,"key":)" : R"(,"verified":false,"key":)";
  append_text(text, style.key_of(written));
  append_text(text += R"(},"body":)", written.body);
  append_text(text += R"(,"body_html":)", style.to_html(written.body));
  return text;
}

namespace detail {

// Returns what `encode_written` made of a comment: stored with it, or made now, in `made`.
inline std::string_view find_written(const comment& comment, const style& style,
                                     std::string& made) {
  const bool is_kept = comment.encoded.starts_with(style.form());
  if (!is_kept) made = encode_written(comment, style);
  return std::string_view{is_kept ? comment.encoded : made}.substr(style.form().size());
}

// Returns the body's JSON string in a text of `encode_written`; empty if it has none. A string has
// no quote without a backslash, so nothing that a user wrote looks like these keys.
inline std::string_view find_body(std::string_view written) {
  constexpr std::string_view before = R"(},"body":)", behind = R"(,"body_html":")";
  const std::size_t at = written.find(before);
  if (at == written.npos) return {};
  const std::size_t start = at + before.size();
  return written.substr(start, written.find(behind, start) - start);
}

// About how long a comment is in a response.
inline std::size_t size_of(const comment& comment) {
  constexpr std::size_t fixed = 400;
  return comment.encoded.size() + comment.content_id.size() + fixed;
}

}  // namespace detail

COMMENTS_INLINE std::string find_html(const comment& comment, const style& style) {
  if (comment.encoded.starts_with(style.form())) {
    const std::string object = "{" + comment.encoded.substr(style.form().size()) + "}";
    constexpr std::size_t depth_max = 8;
    const auto kept = parse_object(object, depth_max);
    const value* const html = kept ? kept->find("body_html") : nullptr;
    if (html && html->as_text()) return html->text;
  }
  return style.to_html(comment.body);
}

COMMENTS_INLINE void append(std::string& to, const comment& comment, const style& style,
                            const proofs& handed_out) {
  std::string made;
  to.append(R"({"id":")").append(to_string(comment.id));
  append_text(to += R"(","content_id":)", comment.content_id);
  if (comment.parent)
    to.append(R"(,"parent_id":")").append(to_string(*comment.parent)).append("\"");
  else
    to += R"(,"parent_id":null)";
  if (comment.reply_to != comment.parent && comment.reply_to)
    to.append(R"(,"reply_to":")").append(to_string(*comment.reply_to)).append("\"");
  to.append(R"(,"status":")").append(to_text(comment.status)).append("\",");
  to += detail::find_written(comment, style, made);
  append_number(to += R"(,"votes":)", comment.votes);
  append_number(to += R"(,"replies":)", comment.replies);
  to.append(R"(,"created_at":")").append(to_rfc3339(comment.created_at)).append("\"");
  if (comment.edited_at)
    to.append(R"(,"edited_at":")").append(to_rfc3339(*comment.edited_at)).append("\"");
  else
    to += R"(,"edited_at":null)";
  append_number(to += R"(,"version":)", comment.version);
  if (const auto& token = handed_out.edit_token; !token.empty())
    append_text(to += R"(,"edit_token":)", token);
  if (const auto& proof = handed_out.browser; !proof.empty())
    append_text(to += R"(,"browser":)", proof);
  to += "}";
}

namespace detail {

inline void append_epoch(std::string& to, std::uint64_t epoch) {
  if (epoch != 0) to.append(R"(,"epoch":")").append(epoch_text(epoch)).append("\"");
}

}  // namespace detail

COMMENTS_INLINE std::string encode_reset(std::string_view content_id, const stamp& now) {
  std::string text;
  append_text(text += R"({"content_id":)", content_id);
  append_number(text += R"(,"version":)", now.version);
  detail::append_epoch(text, now.epoch);
  return text += "}";
}

COMMENTS_INLINE void append(std::string& to, const content& content) {
  append_text(to += R"({"content_id":)", content.content_id);
  append_number(to += R"(,"version":)", content.version);
  append_number(to += R"(,"comments":)", content.comments);
  const auto status = content.status.value_or(content_status::open);
  to.append(R"(,"status":")").append(to_text(status)).append("\"");
  detail::append_epoch(to, content.epoch);
  to += "}";
}

COMMENTS_INLINE std::string encode(const content& content) {
  std::string text;
  append(text, content);
  return text;
}

COMMENTS_INLINE std::string encode(const comment& comment, const style& style,
                                   const proofs& handed_out) {
  std::string text;
  text.reserve(detail::size_of(comment) + handed_out.edit_token.size() + handed_out.browser.size());
  append(text, comment, style, handed_out);
  return text;
}

COMMENTS_INLINE std::string encode(const page& page, const style& style, std::string_view next) {
  std::size_t size = 1000;
  for (const comment& item : page.items) size += detail::size_of(item);
  std::string text;
  text.reserve(size);
  text += R"({"items":[)";
  for (const comment& item : page.items) {
    if (&item != &page.items.front()) text += ",";
    append(text, item, style);
  }
  text += R"(],"next":)";
  if (next.empty())
    text += "null";
  else
    append_text(text, next);
  append(text += R"(,"content":)", page.content);
  return text += "}";
}

COMMENTS_INLINE void append_public(std::string& to, const event& event) {
  append_text(to += R"({"content_id":)", event.content_id);
  append_number(to += R"(,"version":)", event.version);
  to.append(R"(,"kind":")").append(to_text(event.kind)).append("\"");
  if (event.comment == comment_id{})
    to += R"(,"comment_id":null)";
  else
    to.append(R"(,"comment_id":")").append(to_string(event.comment)).append("\"");
  append_text(to += R"(,"status":)", event.status);
  to.append(R"(,"at":")").append(to_rfc3339(event.at)).append("\"}");
}

COMMENTS_INLINE void append_history(std::string& to, const event& event) {
  append_public(to, event);
  to.pop_back();
  append_text(to += R"(,"by":)", event.by);
  append_text(to += R"(,"reason":)", event.reason);
  append_text(to += R"(,"before":)", event.before);
  to += "}";
}

COMMENTS_INLINE void append_decision(std::string& to, const event& event) {
  append_public(to, event);
  to.pop_back();
  append_text(to += R"(,"by":)", event.by);
  append_text(to += R"(,"reason":)", event.reason);
  to += "}";
}

COMMENTS_INLINE void append_moderated(std::string& to, const comment& comment, const style& style,
                                      std::span<const comments::report> reports) {
  append(to, comment, style);
  to.pop_back();
  append_number(to += R"(,"reports":)", comment.reports);
  to += R"(,"reasons":[)";
  for (const comments::report& report : reports) {
    if (&report != &reports.front()) to += ",";
    append_text(to, report.reason);
  }
  to += "]}";
}

COMMENTS_INLINE std::string encode_hidden(const comment& comment, const style& style,
                                          std::string_view reason) {
  std::string text = encode(comment, style);
  text.pop_back();
  append_text(text += R"(,"reason":)", reason);
  return text += "}";
}

COMMENTS_INLINE void append_own(std::string& to, const comment& comment, const style& style,
                                std::string_view reason) {
  append(to, comment, style);
  to.pop_back();
  append_text(to += R"(,"email":)", comment.author.email);
  append_text(to += R"(,"url":)", comment.author.url);
  if (!reason.empty()) append_text(to += R"(,"reason":)", reason);
  to += "}";
}

COMMENTS_INLINE void append_result(std::string& to, const comment_id& id,
                                   const result<comment>& outcome, std::string_view code) {
  to.append(R"({"id":")").append(to_string(id)).append("\"");
  if (outcome) {
    to.append(R"(,"status":")").append(to_text(outcome->status)).append("\"");
    append_number(to += R"(,"version":)", outcome->version);
  } else {
    append_text(to += R"(,"error":)", code);
    if (outcome.error().code == errc::in_doubt) to += R"(,"in_doubt":true)";
  }
  to += "}";
}

COMMENTS_INLINE void append(std::string& to, const comments::vote& vote) {
  to.append(R"({"comment_id":")").append(to_string(vote.comment));
  append_text(to += R"(","content_id":)", vote.content_id);
  to.append(R"(,"at":")").append(to_rfc3339(vote.at)).append("\"}");
}

COMMENTS_INLINE void append(std::string& to, const made_report& report) {
  to.append(R"({"comment_id":")").append(to_string(report.comment));
  append_text(to += R"(","content_id":)", report.content_id);
  append_text(to += R"(,"reason":)", report.reason);
  to.append(R"(,"at":")").append(to_rfc3339(report.at)).append("\"}");
}

COMMENTS_INLINE void append(std::string& to, const deployment& step) {
  to.append(R"({"id":")").append(to_string(step.id));
  append_text(to += R"(","component":)", step.component);
  append_text(to += R"(,"version":)", step.version);
  append_text(to += R"(,"responsible":)", step.responsible);
  to.append(R"(,"status":")").append(to_text(step.status)).append(R"(","run":)");
  if (step.run.empty())
    to += "null";
  else
    append_text(to, step.run);
  to.append(R"(,"date":")").append(to_rfc3339(step.date)).append("\"}");
}

COMMENTS_INLINE std::string encode(const deployment& step) {
  std::string text;
  append(text, step);
  return text;
}

COMMENTS_INLINE std::string encode_counts(std::span<const content> contents) {
  std::string text = R"({"counts":{)";
  std::set<std::string_view> written;
  for (const content& content : contents) {
    if (!written.insert(content.content_id).second) continue;
    if (written.size() > 1) text += ",";
    append_text(text, content.content_id);
    append_number(text += ":", content.comments);
  }
  return text += "}}";
}

COMMENTS_INLINE std::string encode_erasure(std::size_t comments, std::size_t votes) {
  std::string text = R"({"comments":)";
  append_number(text, static_cast<std::int64_t>(comments));
  append_number(text += R"(,"votes":)", static_cast<std::int64_t>(votes));
  return text += "}";
}

COMMENTS_INLINE std::string encode_form(std::string_view token, std::size_t body_bytes_max) {
  std::string text = R"({"form":)";
  append_text(text, token);
  append_number(text += R"(,"body_bytes_max":)", static_cast<std::int64_t>(body_bytes_max));
  return text += "}";
}

COMMENTS_INLINE std::string encode_legacy_posted(std::string_view content_id) {
  return encode_fields(
      {{"status", "SUCCESS"},
       {"message", "comment created and associated with content_id " + std::string{content_id}}});
}

COMMENTS_INLINE std::string encode_legacy_not_found(std::string_view content_id) {
  return encode_fields({{"status", "NOT-FOUND"},
                        {"message", "content_id " + std::string{content_id} + " not found"}});
}

COMMENTS_INLINE void append_legacy(std::string& to, const comment& comment, legacy_emails which) {
  to += R"({"email":)";
  const author& by = comment.author;
  const bool is_shown =
      which == legacy_emails::all || (which == legacy_emails::show && by.email_shown);
  append_text(to, is_shown ? by.email : std::string_view{});
  to += R"(,"comment":)";
  const bool is_kept = comment.encoded.starts_with("2 ");
  const std::string_view kept = is_kept ? detail::find_body(comment.encoded) : std::string_view{};
  if (kept.empty())
    append_text(to, comment.body);
  else
    to += kept;
  to += "}";
}

COMMENTS_INLINE std::string encode_fields(
    std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
  std::string text = "{";
  for (const auto& [name, value] : fields) {
    if (text.size() > 1) text += ",";
    append_text(text, name);
    append_text(text += ":", value);
  }
  return text += "}";
}

}  // namespace comments::inline v0::json
