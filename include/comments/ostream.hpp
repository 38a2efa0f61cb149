#pragma once
// ostream.hpp - writes values of this library to a stream, in words.
//
// For logs, and for tests: doctest, GoogleTest and Catch2 print what they compare by `<<`, and what
// has none as bytes. The other headers do not need <ostream>, so this stands apart; include it
// before the first comparison.
//
//   std::ostringstream text;
//   text << errc::not_found << ' ' << status::pending << ' ' << result<done>{ok()};
//   assert(text.str() == "not_found pending done");

#include <comments/comment.hpp>
#include <comments/event.hpp>
#include <comments/id.hpp>
#include <comments/principal.hpp>
#include <comments/result.hpp>
#include <comments/text.hpp>

#include <optional>
#include <ostream>
#include <type_traits>

namespace comments::inline v0 {

// Any enumeration that has names: errc, status, content_status, event_kind, decision, sort, …
template <typename Enum>
requires std::is_enum_v<Enum> && requires(Enum value) { names_of(value); }
std::ostream& operator<<(std::ostream& to, Enum value) { return to << to_text(value); }

inline std::ostream& operator<<(std::ostream& to, const comment_id& id) {
  return to << to_string(id);
}
inline std::ostream& operator<<(std::ostream& to, const violation& broken) {
  return to << broken.pointer << ": " << broken.code;
}
inline std::ostream& operator<<(std::ostream& to, const error& why) { return to << to_string(why); }
inline std::ostream& operator<<(std::ostream& to, const done&) { return to << "done"; }

inline std::ostream& operator<<(std::ostream& to, const author& by) {
  return to << (by.verified ? "verified " : "") << '"' << by.name << '"';
}
inline std::ostream& operator<<(std::ostream& to, const comment& of) {
  return to << of.status << " comment " << of.id << " on \"" << of.content_id << "\" at "
            << of.position << ", version " << of.version << ", by " << of.author << ": \""
            << of.body << '"';
}
inline std::ostream& operator<<(std::ostream& to, const content& of) {
  to << "content \"" << of.content_id << "\", version " << of.version << ", " << of.comments
     << " comments";
  return of.status ? to << ", " << *of.status : to;
}
inline std::ostream& operator<<(std::ostream& to, const event& of) {
  return to << of.kind << " at version " << of.version << " of \"" << of.content_id
            << "\", comment " << of.comment << ", by \"" << of.by << '"';
}

// The value, or the error.
template <typename T>
std::ostream& operator<<(std::ostream& to, const result<T>& of) {
  if (!of) return to << of.error();
  if constexpr (requires { to << *of; }) return to << *of;
  return to << "a value";
}

}  // namespace comments::inline v0
