#pragma once
// http/epoll/late_answer.ipp - definitions of http/epoll/late_answer.hpp.

#include <comments/http/epoll/late_answer.hpp>

#include <comments/guarded.hpp>
#include <comments/http/httplib_in_memory.hpp>

#include <utility>

namespace comments::inline v0::http::epoll {

COMMENTS_INLINE bool late_answer::wait() {
  back_.on->keep_place();
  if (!is_last()) return false;
  back_.on->give_back();
  return true;
}

// The pool waits for the place, and the server for the pool; behind that both may be gone. So all
// that the response holds is let go of before.
COMMENTS_INLINE void late_answer::be_ready() {
  if (!is_last()) return;
  worker_pool& on = *back_.on;
  {
    const return_address posted = std::exchange(back_, {});
    posted.box->post_done(posted.to);
  }
  on.give_back();
}

// Without memory for a late answer, the worker waits.
COMMENTS_INLINE void answer(httplib_in_memory& api, wire_request asked,
                            const return_address& back) {
  std::shared_ptr<late_answer> late;
  if (asked.method == "POST")
    guarded([&] {
      late = std::make_shared<late_answer>(back);
      asked.on_ready = [late] { late->be_ready(); };
    });
  wire_response& made = back.to->response;
  made = api.handle(asked);
  if (!made.later) return back.box->post_done(back.to);
  if (!late->wait()) return;
  asked.on_ready = nullptr;
  answer_rest(api, std::move(asked), back);
}

COMMENTS_INLINE void answer_rest(httplib_in_memory& api, wire_request asked,
                                 const return_address& back) {
  asked.effort = effort::rest;
  wire_response& made = back.to->response;
  made = api.handle_later(asked, std::move(made.later));
  back.box->post_done(back.to);
}

}  // namespace comments::inline v0::http::epoll
