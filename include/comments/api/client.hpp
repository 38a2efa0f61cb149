#pragma once
// api/client.hpp - a typed client of the API, over any transport.
//
// The client makes requests and reads responses; a function of yours carries them: over HTTP by a
// library of your choice, or straight into `routes` in a test. A function returns what the server
// says, or its error: the code, the message and the violations are those that `service` returned
// there. If the transport fails, its error is returned as it is.
//
//   using namespace comments;
//   memory_store kept;
//   service comments{kept};
//   const http::api_client api{http::to_transport(http::routes(comments))};
//   const auto posted = api.post({.content_id = "1", .body = "Oi", .key = "key-1"});
//   if (posted) assert(api.find(posted->comment.id)->comment.body == "Oi");

#include <comments/comment.hpp>
#include <comments/config.hpp>
#include <comments/http/message.hpp>
#include <comments/json/answer.hpp>
#include <comments/result.hpp>
#include <comments/store.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments::inline v0::http {

// Sends a request, of which method, target, headers and body are set, and returns the response with
// its status, headers and whole body. It limits how long it waits, and how long a body may be. An
// error says whether the request may have arrived: `in_doubt`, or `unavailable` if it cannot have.
using transport = std::function<result<response>(const request&)>;

// Returns a transport into a handler of this program, as the client at the address `peer`; an empty
// one into an empty handler.
transport to_transport(handler api, std::string peer = "127.0.0.1");

struct client_options {
  std::string prefix{};   // of a server below a path: "/comments"
  std::string token{};    // a signed-in user's, or a moderator's
  std::string browser{};  // the browser's proof that an earlier answer had
};

// What to list; as `query`, with the cursor as the API gives it out.
struct list_request {
  std::string content_id{};
  std::optional<comment_id> parent{};  // the replies to this comment; none: the roots
  comments::sort sort{};
  std::size_t limit{50};
  std::string cursor{};  // `page_answer::next` of the page before
};

// Safe to use from any thread, if the transport is. Nothing here throws but std::bad_alloc. A
// request whose transport throws is `in_doubt`; without a transport each is `unavailable`.
class api_client final {
 public:
  explicit api_client(transport send, client_options options = {});

  // Posts a comment. With a key, a repeated post is the same post: so repeat what was `in_doubt`.
  result<json::comment_answer> post(const draft& written) const;
  result<json::comment_answer> find(const comment_id& id) const;
  result<json::page_answer> list(const list_request& wanted) const;
  // Changes and removes a comment of one's own by its `edit_token`, or, with an empty one, as the
  // user or moderator whom `client_options::token` names. `expected`: only at this version.
  result<json::comment_answer> edit(const comment_id& id, std::string_view body,
                                    const std::string& edit_token,
                                    std::optional<std::int64_t> expected = {}) const;
  result<done> remove(const comment_id& id, const std::string& edit_token,
                      std::optional<std::int64_t> expected = {}) const;
  // Votes, or takes the vote back.
  result<json::comment_answer> vote(const comment_id& id, bool is_there) const;
  result<done> report(const comment_id& id, std::string_view reason) const;
  result<content> find_content(std::string_view content_id) const;
  // How many comments there are in each content; as many ids as one request may name.
  result<std::vector<content>> counts(std::span<const std::string> content_ids) const;

 private:
  request begin(std::string_view method, std::string path, std::string body = {}) const;
  result<response> ask(const request& wanted) const;
  template <typename Decode>
  auto read(const request& wanted, Decode decode) const -> decltype(decode(std::string_view{}));

  transport send_;
  client_options options_;
};

}  // namespace comments::inline v0::http

#ifndef COMMENTS_COMPILED
#include <comments/api/client.ipp>
#endif
