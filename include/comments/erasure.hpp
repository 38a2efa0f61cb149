#pragma once
// erasure.hpp - removes a comment, and erases everything that one person left here.
//
//   const principal moderator{.role = principal::role::moderator};
//   broadcast news{metrics};
//   eraser erasing{store, news, 200};
//   auto erased = erasing.erase({.email = "ana@example.com"}, to_actor(moderator), now);
//   if (erased) show(erased->comments, erased->votes);

#include <comments/broadcast.hpp>
#include <comments/clock.hpp>
#include <comments/comment.hpp>
#include <comments/config.hpp>
#include <comments/result.hpp>
#include <comments/store.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace comments::inline v0 {

// The person whose comments, votes and reports are meant: the user with this account, or all who
// gave this e-mail address; with both, the user's comments with this address.
struct person {
  std::string subject{};
  std::string email{};
};

// How much was erased.
struct erasure {
  std::size_t comments{};
  std::size_t votes{};
};

// Returns the amendment that removes a comment. `by` is the actor, as the history shows it.
amendment to_removal(const comment& stands, std::string by, std::string reason);

// The store and the broadcast must outlive it. Used by one thread, for one erasure.
class eraser final {
 public:
  // Reads `page_max` comments or votes at a time.
  eraser(store& store, broadcast& news, std::size_t page_max)
      : store_{store}, news_{news}, page_max_{page_max} {}

  // Removes the comments of `whose`, and erases their votes and their reports. Returns how much
  // there was, or an error of the store. These are many changes and not one, each dated `now`: what
  // was done before a failure stays done, and another call goes on from there.
  result<erasure> erase(const person& whose, const std::string& by, instant now);

 private:
  result<done> erase_comments(const person& whose, const std::string& by, instant now);
  result<done> erase_comment(const comment& erased, const std::string& by, instant now);
  result<done> erase_account(const std::string& subject, instant now);

  store& store_;
  broadcast& news_;
  const std::size_t page_max_;
  erasure sum_{};
  std::vector<std::string> accounts_{};  // whose votes and reports are erased
};

}  // namespace comments::inline v0

#ifndef COMMENTS_COMPILED
#include <comments/erasure.ipp>
#endif
