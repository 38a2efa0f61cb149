#pragma once
// api/account_routes.hpp - what a signed-in author may do with all that is theirs: take it along,
// and have it erased. A moderator may do the same for somebody, by e-mail address.
//
//   table.add("DELETE /api/v1/me", [&](request asked) { return account.erase(std::move(asked)); });

#include <comments/api/context.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace comments::http {

// Everything that is of one person, piece by piece, in little memory: an object with "comments" and
// "votes". The service outlives it.
class person_export final {
 public:
  static constexpr std::size_t page_max = 32;  // comments read at once: 1 MB, if all are long

  person_export(const context& shared, person whose, principal who)
      : shared_{shared}, who_{std::move(who)} {
    const std::size_t limit = std::min(page_max, shared.service().options().page_max);
    wanted_ = {.subject = whose.subject, .email = whose.email, .limit = limit};
    if (!whose.subject.empty()) subjects_.insert(whose.subject);
    ready_ = R"({"subject":)";
    json::append_text(ready_, whose.subject);
    json::append_text(ready_ += R"(,"email":)", whose.email);
    ready_ += R"(,"comments":[)";
  }

  // The next piece, `over` with the last, `broken` if the store cannot give the rest.
  chunk next() {
    if (!(is_in_votes_ ? read_votes() : read_comments())) return {.then = chunk::state::broken};
    chunk made{.bytes = std::exchange(ready_, {})};
    if (is_over_) made.then = chunk::state::over;
    return made;
  }

 private:
  bool read_comments() {
    const auto found = shared_.service().find_all(wanted_, who_);
    if (!found) return false;
    for (const comment& one : found->items) {
      if (std::exchange(has_items_, true)) ready_ += ",";
      json::append_own(ready_, one, shared_.style());
      if (!one.author.subject.empty()) subjects_.insert(one.author.subject);
    }
    wanted_.after = found->next;
    if (found->next) return true;
    ready_ += R"(],"votes":[)";
    is_in_votes_ = true;
    has_items_ = false;
    return true;
  }

  bool read_votes() {
    is_over_ = subjects_.empty();
    if (is_over_) ready_ += "]}";
    if (is_over_) return true;
    const auto found = shared_.service().votes_of(*subjects_.begin(), voted_, who_);
    if (!found) return false;
    for (const comments::vote& one : *found) {
      if (std::exchange(has_items_, true)) ready_ += ",";
      json::append(ready_, one);
      voted_ = one.comment;
    }
    if (!found->empty()) return true;
    subjects_.erase(subjects_.begin());
    voted_.reset();
    return true;
  }

  const context& shared_;
  const principal who_;
  search wanted_{};
  std::set<std::string> subjects_{};  // whose votes are still to come
  std::optional<comment_id> voted_{};
  std::string ready_{};
  bool has_items_{};
  bool is_in_votes_{};
  bool is_over_{};
};

class account_routes final {
 public:
  explicit account_routes(const context& shared) : shared_{shared} {}

  // GET /api/v1/me/export
  response export_all(request asked) const {
    const auto who = shared_.identify(asked);
    if (!who) return problem(who.error(), asked);
    const auto whose = whose_of(asked, *who);
    if (!whose) return problem(whose.error(), asked);
    const auto all = std::make_shared<person_export>(shared_, *whose, *who);
    chunk first = all->next();
    if (first.then == chunk::state::broken)
      return problem({errc::unavailable, "The store cannot do this now."}, asked);
    response answer = answer_with(std::move(first.bytes));
    answer.headers.emplace_back("Content-Disposition", "attachment; filename=\"comments.json\"");
    answer.rest = [all](const auto&) { return all->next(); };
    return answer;
  }

  // DELETE /api/v1/me
  response erase(request asked) const {
    const auto who = shared_.identify(asked);
    if (!who) return problem(who.error(), asked);
    const auto whose = whose_of(asked, *who);
    if (!whose) return problem(whose.error(), asked);
    const auto gone = shared_.service().erase(*whose, *who);
    if (!gone) return problem(gone.error(), asked);
    return answer_with(json::encode_erasure(gone->comments, gone->votes));
  }

 private:
  // Who asks, or whom a moderator names.
  static result<person> whose_of(const request& asked, const principal& who) {
    const auto email = find_field(asked.query, "email");
    if (email) {
      if (auto allowed = need_moderator(who); !allowed) return std::move(allowed).error();
      if (!is_email(*email)) return to_error({{"email", "format"}});
      return person{.email = std::string{*email}};
    }
    if (is_user(who)) return person{.subject = who.subject};
    if (is_moderator(who)) return to_error({{"email", "required"}});
    return error{errc::unauthenticated, "This is for authors who are signed in."};
  }

  const context& shared_;
};

}  // namespace comments::http
