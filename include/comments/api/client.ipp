#pragma once
// api/client.ipp - definitions of api/client.hpp.

#include <comments/api/client.hpp>

#include <comments/guarded.hpp>
#include <comments/http/problem.hpp>
#include <comments/json/encode.hpp>

#include <utility>

namespace comments::inline v0::http {

namespace detail {

inline std::string path_of(const comment_id& id) { return "/api/v1/comments/" + to_string(id); }

inline void set_token(request& wanted, const std::string& token) {
  if (token.empty()) return;
  std::erase_if(wanted.headers, [](const auto& line) { return line.first == "Authorization"; });
  wanted.headers.emplace_back("Authorization", "Bearer " + token);
}

inline void set_expected(request& wanted, std::optional<std::int64_t> version) {
  if (version) wanted.headers.emplace_back("If-Match", to_etag({.version = *version}));
}

inline std::string encode_draft(const draft& written) {
  std::string text = R"({"content_id":)";
  json::append_text(text, written.content_id);
  json::append_text(text += R"(,"body":)", written.body);
  if (written.parent) json::append_text(text += R"(,"parent_id":)", to_string(*written.parent));
  json::append_text(text += R"(,"author":{"name":)", written.author.name);
  json::append_text(text += R"(,"email":)", written.author.email);
  json::append_text(text += R"(,"url":)", written.author.url);
  return text += "}}";
}

// Returns the whole body of a response, of which a handler may make the end while it is sent.
inline result<done> gather(response& answer) {
  if (answer.shared_body) answer.body = *answer.shared_body;
  while (answer.rest) {
    const chunk next = next_chunk(answer.rest, [] {});
    answer.body += next.bytes;
    if (next.then == chunk::state::over) break;
    if (next.then != chunk::state::more)
      return error{errc::unavailable, "The response did not come to its end."};
  }
  return ok();
}

inline done without_value(response&&) { return {}; }

}  // namespace detail

COMMENTS_INLINE transport to_transport(handler api, std::string peer) {
  if (!api) return {};
  return [api = std::move(api), peer = std::move(peer)](request wanted) -> result<response> {
    wanted.peer = peer;
    response answer = api(std::move(wanted));
    return detail::gather(answer).transform([&](done) { return std::move(answer); });
  };
}

COMMENTS_INLINE api_client::api_client(transport send, client_options options)
    : send_{std::move(send)}, options_{std::move(options)} {}

COMMENTS_INLINE request api_client::begin(std::string_view method, std::string path,
                                          std::string body) const {
  request wanted{.method = std::string{method}, .target = options_.prefix + std::move(path)};
  detail::set_token(wanted, options_.token);
  if (!options_.browser.empty()) wanted.headers.emplace_back("Comments-Browser", options_.browser);
  if (!body.empty()) wanted.headers.emplace_back("Content-Type", "application/json");
  wanted.body = std::move(body);
  return wanted;
}

COMMENTS_INLINE result<response> api_client::ask(const request& wanted) const {
  if (!send_) return error{errc::unavailable, "There is no transport."};
  result<response> answer =
      guarded([&] {
        return send_(wanted);
      }).value_or(error{errc::in_doubt, "The transport failed; whether this was done is unknown."});
  if (answer && (answer->status < 200 || answer->status > 299)) return decode_problem(*answer);
  return answer;
}

template <typename Decode>
auto api_client::read(const request& wanted, Decode decode) const
    -> decltype(decode(std::string_view{})) {
  const auto answer = ask(wanted);
  if (!answer) return answer.error();
  return decode(answer->body);
}

COMMENTS_INLINE result<json::comment_answer> api_client::post(const draft& written) const {
  request wanted = begin("POST", "/api/v1/comments", detail::encode_draft(written));
  if (!written.key.empty()) wanted.headers.emplace_back("Idempotency-Key", written.key);
  return read(wanted, json::decode_comment_answer);
}

COMMENTS_INLINE result<json::comment_answer> api_client::find(const comment_id& id) const {
  return read(begin("GET", detail::path_of(id)), json::decode_comment_answer);
}

COMMENTS_INLINE result<json::page_answer> api_client::list(const list_request& wanted) const {
  std::string path = "/api/v1/comments?content_id=" + percent_encode(wanted.content_id);
  if (wanted.parent) path += "&parent_id=" + to_string(*wanted.parent);
  path.append("&sort=").append(to_text(wanted.sort));
  path += "&limit=" + std::to_string(wanted.limit);
  if (!wanted.cursor.empty()) path += "&cursor=" + percent_encode(wanted.cursor);
  return read(begin("GET", std::move(path)), json::decode_page_answer);
}

COMMENTS_INLINE result<json::comment_answer> api_client::edit(
    const comment_id& id, std::string_view body, const std::string& edit_token,
    std::optional<std::int64_t> expected) const {
  request wanted = begin("PATCH", detail::path_of(id), json::encode_fields({{"body", body}}));
  detail::set_token(wanted, edit_token);
  detail::set_expected(wanted, expected);
  return read(wanted, json::decode_comment_answer);
}

COMMENTS_INLINE result<done> api_client::remove(const comment_id& id, const std::string& edit_token,
                                                std::optional<std::int64_t> expected) const {
  request wanted = begin("DELETE", detail::path_of(id));
  detail::set_token(wanted, edit_token);
  detail::set_expected(wanted, expected);
  return ask(wanted).transform(detail::without_value);
}

COMMENTS_INLINE result<json::comment_answer> api_client::vote(const comment_id& id,
                                                              bool is_there) const {
  return read(begin(is_there ? "PUT" : "DELETE", detail::path_of(id) + "/vote"),
              json::decode_comment_answer);
}

COMMENTS_INLINE result<done> api_client::report(const comment_id& id,
                                                std::string_view reason) const {
  return ask(begin("POST", detail::path_of(id) + "/reports",
                   json::encode_fields({{"reason", reason}})))
      .transform(detail::without_value);
}

COMMENTS_INLINE result<content> api_client::find_content(std::string_view content_id) const {
  return read(begin("GET", "/api/v1/contents?content_id=" + percent_encode(content_id)),
              json::decode_content_answer);
}

COMMENTS_INLINE result<std::vector<content>> api_client::counts(
    std::span<const std::string> content_ids) const {
  std::string path = "/api/v1/counts";
  for (const std::string& id : content_ids)
    path.append(&id == &content_ids.front() ? "?" : "&")
        .append("content_id=")
        .append(percent_encode(id));
  return read(begin("GET", std::move(path)), json::decode_counts_answer);
}

}  // namespace comments::inline v0::http
