#pragma once
// event.hpp - the record of a change to a content.
//
// Each change to a content moves its version by one and appends one event with that version, in the
// same transaction. So the events of a content are numbered 1, 2, 3 … without a gap, and history
// and live updates read the same log.
//
//   const std::string content_id = "1";
//   const auto changes = store.events(content_id, 0, 50);
//   if (changes)
//     for (const event& change : *changes) show(change.version, to_text(change.kind));

#include <comments/clock.hpp>
#include <comments/id.hpp>
#include <comments/principal.hpp>
#include <comments/text.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace comments::inline v0 {

enum class event_kind { posted, edited, moderated, voted, removed };

constexpr std::array<std::string_view, 5> names_of(event_kind) {
  return {"posted", "edited", "moderated", "voted", "removed"};
}

struct event {
  std::string content_id{};
  std::int64_t version{};
  event_kind kind{};
  comment_id comment{};  // nil if the event is about the content itself
  instant at{};
  std::string by{};      // the actor, as moderators may see it: "author", "moderator ana"
  std::string reason{};  // of a decision, as it was given
  std::string status{};  // of the comment, or of the content, from then on; empty: as before
  std::string before{};  // the text that an edit replaced, until the comment is removed

  friend bool operator==(const event&, const event&) = default;
};

// Whether a moderator did it to what others wrote, or to a content: what they post is no decision.
inline bool is_decision(const event& done) {
  return done.kind != event_kind::posted && is_moderators(done.by);
}

}  // namespace comments::inline v0
