#pragma once
// api/account_routes.ipp - definitions of api/account_routes.hpp.

#include <comments/api/account_routes.hpp>

#include <comments/api/person_export.hpp>
#include <comments/api/responses.hpp>
#include <comments/http/problem.hpp>
#include <comments/json/encode.hpp>
#include <comments/permissions.hpp>

#include <memory>
#include <string>
#include <utility>

namespace comments::inline v0::http {

namespace detail {

// Returns the person that a request is about: the caller, or the one that a moderator names.
inline result<person> person_of(const request& asked, const principal& caller) {
  if (const auto email = find_field(asked.query, "email")) {
    if (auto allowed = need_moderator(caller); !allowed) return std::move(allowed).error();
    if (!is_email(*email)) return to_error({{"email", "format"}});
    return person{.email = std::string{*email}};
  }
  if (is_user(caller)) return person{.subject = caller.subject};
  if (is_moderator(caller)) return to_error({{"email", "required"}});
  return error{errc::unauthenticated, "This is for authors who are signed in."};
}

}  // namespace detail

COMMENTS_INLINE response account_routes::export_all(request asked) const {
  const auto caller = shared_.identify(asked);
  if (!caller) return problem(caller.error(), asked);
  const auto whose = detail::person_of(asked, *caller);
  if (!whose) return problem(whose.error(), asked);
  const auto all = std::make_shared<person_export>(shared_, *whose, *caller);
  chunk first = all->next();
  if (first.then == chunk::state::broken)
    return problem({errc::unavailable, "The store cannot do this now."}, asked);
  response answer = json_response(std::move(first.bytes));
  answer.headers.emplace_back("Content-Disposition", "attachment; filename=\"comments.json\"");
  answer.rest = [all](const auto&) { return all->next(); };
  return answer;
}

COMMENTS_INLINE response account_routes::erase(request asked) const {
  const auto caller = shared_.identify(asked);
  if (!caller) return problem(caller.error(), asked);
  const auto whose = detail::person_of(asked, *caller);
  if (!whose) return problem(whose.error(), asked);
  const auto erased = shared_.service().erase(*whose, *caller);
  if (!erased) return problem(erased.error(), asked);
  return json_response(json::encode_erasure(erased->comments, erased->votes));
}

}  // namespace comments::inline v0::http
