#pragma once
// comment_list.hpp - comments as HTML, with their replies as far as there is room on a page.

#include "language.hpp"
#include "template.hpp"

#include <comments/api/context.hpp>
#include <comments/comment.hpp>

#include <cstddef>
#include <vector>

namespace server {

class comment_list final {
 public:
  static constexpr std::size_t comments_max{200};  // on a page, replies included
  static constexpr std::size_t replies_max{50};    // of one comment, on the page of another

  // `home` is the address of the thread's page, from which those of its comments are made. All are
  // borrowed.
  comment_list(const comments::http::context& shared, const language& words,
               const relative_url& home)
      : shared_{shared}, words_{words}, home_{home} {}

  // Returns the comments and what answers them, as the store has it now. A comment with more
  // replies than there is room for gets a link to the rest.
  safe_html write(const std::vector<comments::comment>& items);

 private:
  values describe(const comments::comment& item);
  void describe_text(values& shown, const comments::comment& item) const;
  void describe_replies(values& shown, const comments::comment& item);

  const comments::http::context& shared_;
  const language& words_;
  const relative_url& home_;
  std::size_t left_{comments_max};
};

}  // namespace server
