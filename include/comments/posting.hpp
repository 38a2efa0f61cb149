#pragma once
// posting.hpp - the way of a draft into the store: validated, reviewed, stored, counted, announced.
//
// A post is one call that waits for the storage, or two calls between which nobody waits. Both go
// the same way.
//
//   memory_store kept;
//   const service_options chosen;
//   registry metrics;
//   broadcast news{metrics};
//   poster posts{kept, chosen, metrics, news};
//   auto made = posts.post({.content_id = "1", .body = "Oi"}, principal{}, {});
//
//   std::promise<void> end;
//   const auto begun =
//       posts.begin({.content_id = "1", .body = "Oi"}, principal{}, {}, [&] { end.set_value(); });
//   end.get_future().wait();
//   made = posts.end(*begun);

#include <comments/broadcast.hpp>
#include <comments/clock.hpp>
#include <comments/comment.hpp>
#include <comments/config.hpp>
#include <comments/metrics.hpp>
#include <comments/moderation.hpp>
#include <comments/principal.hpp>
#include <comments/result.hpp>
#include <comments/review.hpp>
#include <comments/service_options.hpp>
#include <comments/store.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace comments::inline v0 {

// Makes what a comment keeps as `encoded`, of its content, author, body and browser, in UTF-8.
// Empty: it keeps nothing.
using encoder = std::function<std::string(const comment& written)>;

// Returns what `encode` makes of a text, or `unavailable` if it throws.
result<std::string> encode(const encoder& encode, const comment& written);

// What a post needs beside the draft and its author.
struct post_options {
  arrival how{};                        // for the rules; time and client are filled in
  std::vector<allowance> allowances{};  // each must have something left
  encoder encode{};
};

// A post that was reviewed, and perhaps begun. Only the poster looks into it.
struct begun_post {
  insertion wanted{};
  principal caller{};
  review found{};  // what the rules made of it
  instant now{};
  std::optional<result<post_result>> outcome{};  // none: not yet, or it is to be waited for
};

// Any thread may call any function. What the constructor is given must outlive it.
class poster final {
 public:
  poster(store& store, const service_options& options, registry& metrics, broadcast& news);

  // As `service::post`.
  result<post_result> post(draft written, const principal& caller, post_options options);

  // As `service::begin_post`, `end_post` and `ends_at_once`.
  std::shared_ptr<begun_post> begin(draft written, const principal& caller, post_options options,
                                    std::function<void()> on_end);
  result<post_result> end(begun_post& begun);
  bool ends_at_once(const begun_post& begun) const;

 private:
  result<begun_post> examine(draft written, const principal& caller, post_options options) const;
  result<done> place(begun_post& reviewed) const;
  result<post_result> place_and_insert(begun_post& reviewed);
  result<post_result> insert(begun_post& placed);
  result<post_result> settle(const begun_post& of, result<post_result> posted);
  result<post_result> count(result<post_result> posted);

  store& store_;
  const service_options& options_;
  const reviewer reviews_{store_, options_};
  broadcast& news_;
  counter& posted_total_;
  counter& replayed_total_;
  counter& refused_total_;
  counter& held_total_;
};

}  // namespace comments::inline v0

#ifndef COMMENTS_COMPILED
#include <comments/posting.ipp>
#endif
