#pragma once
// json/record.ipp - definitions of json/record.hpp.

#include <comments/json/record.hpp>

#include <comments/clock.hpp>
#include <comments/json/encode.hpp>
#include <comments/json/typed_fields.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

namespace comments::inline v0::json {

namespace detail {

// The fields of each value stand in one list, for both ways. `Value` is const for the way out.

template <typename Value, typename Visit>
requires std::same_as<std::remove_const_t<Value>, author>
void visit_fields(Value& value, Visit& visit) {
  visit("name", value.name);
  visit("email", value.email);
  visit("url", value.url);
  visit("verified", value.verified);
  visit("subject", value.subject);
  visit("email_shown", value.email_shown);
}

template <typename Value, typename Visit>
requires std::same_as<std::remove_const_t<Value>, comment>
void visit_fields(Value& value, Visit& visit) {
  visit("id", value.id);
  visit("content_id", value.content_id);
  visit("parent", value.parent);
  visit("reply_to", value.reply_to);
  visit("depth", value.depth);
  visit("position", value.position);
  visit("status", value.status);
  visit("author", value.author);
  visit("body", value.body);
  visit("votes", value.votes);
  visit("replies", value.replies);
  visit("reports", value.reports);
  visit("created_at", value.created_at);
  visit("edited_at", value.edited_at);
  visit("version", value.version);
  visit("origin", value.origin);
  visit("browser", value.browser);
  visit("held", value.held);
  visit("encoded", value.encoded);
}

template <typename Value, typename Visit>
requires std::same_as<std::remove_const_t<Value>, event>
void visit_fields(Value& value, Visit& visit) {
  visit("content_id", value.content_id);
  visit("version", value.version);
  visit("kind", value.kind);
  visit("comment", value.comment);
  visit("at", value.at);
  visit("by", value.by);
  visit("reason", value.reason);
  visit("status", value.status);
  visit("before", value.before);
}

template <typename Value, typename Visit>
requires std::same_as<std::remove_const_t<Value>, deployment>
void visit_fields(Value& value, Visit& visit) {
  visit("id", value.id);
  visit("position", value.position);
  visit("component", value.component);
  visit("version", value.version);
  visit("responsible", value.responsible);
  visit("status", value.status);
  visit("run", value.run);
  visit("date", value.date);
}

// Writes the fields of one object.
class record_writer final {
 public:
  explicit record_writer(std::string& to) : to_{to} {}

  template <typename Field>
  void operator()(const char* name, const Field& field) {
    to_ += is_first_ ? "{" : ",";
    is_first_ = false;
    append_text(to_, name);
    to_ += ":";
    write(field);
  }

 private:
  void write(const std::string& text) { append_text(to_, text); }
  void write(bool is_so) { to_ += is_so ? "true" : "false"; }
  void write(std::int64_t number) { append_number(to_, number); }
  void write(const comment_id& id) { append_text(to_, to_string(id)); }
  void write(instant at) { append_text(to_, to_rfc3339(at)); }
  void write(const author& field) {
    record_writer inner{to_};
    visit_fields(field, inner);
    to_ += "}";
  }
  template <typename Enum>
  requires std::is_enum_v<Enum>
  void write(Enum value) { append_text(to_, to_text(value)); }
  template <typename Value>
  void write(const std::optional<Value>& field) {
    if (field)
      write(*field);
    else
      to_ += "null";
  }

  std::string& to_;
  bool is_first_{true};
};

// Reads the fields of one object.
class record_reader final {
 public:
  explicit record_reader(typed_fields fields) : fields_{std::move(fields)} {}

  template <typename Field>
  void operator()(const char* name, Field& field) {
    fields_.read(name, field);
  }
  void operator()(const char* name, author& field) {
    if (auto inner = fields_.inside(name)) record_reader{*std::move(inner)}.read(field);
  }

  template <typename Value>
  void read(Value& into) {
    visit_fields(into, *this);
    fields_.refuse_others();
  }

 private:
  typed_fields fields_;
};

template <typename Value>
std::string write_record(const Value& value) {
  std::string text;
  record_writer fields{text};
  visit_fields(value, fields);
  return text += "}";
}

template <typename Value>
result<Value> read_record(std::string_view text) {
  constexpr std::size_t depth_max = 2;
  return read_object<Value>(text, depth_max, [](typed_fields fields) {
    Value value;
    record_reader{std::move(fields)}.read(value);
    return value;
  });
}

}  // namespace detail

COMMENTS_INLINE std::string encode_record(const comment& value) {
  return detail::write_record(value);
}

COMMENTS_INLINE std::string encode_record(const event& value) {
  return detail::write_record(value);
}

COMMENTS_INLINE std::string encode_record(const deployment& value) {
  return detail::write_record(value);
}

COMMENTS_INLINE result<comment> decode_comment_record(std::string_view text) {
  return detail::read_record<comment>(text);
}

COMMENTS_INLINE result<event> decode_event_record(std::string_view text) {
  return detail::read_record<event>(text);
}

COMMENTS_INLINE result<deployment> decode_deployment_record(std::string_view text) {
  return detail::read_record<deployment>(text);
}

}  // namespace comments::inline v0::json
