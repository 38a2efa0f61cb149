#pragma once
// json/typed_fields.hpp - reads the fields of an object into members of their types.
//
// Ids are UUIDs, times RFC 3339, enums the names that `names_of` has. Where json/document.hpp's
// `field_reader` reads what people send, this reads what a program of ours wrote.
//
//   using namespace comments;
//   const auto parsed = json::parse_object(R"({"version":3})", 2);
//   std::vector<violation> found;
//   json::typed_fields fields{*parsed, "/", found};
//   std::int64_t version{};
//   fields.read("version", version);

#include <comments/clock.hpp>
#include <comments/id.hpp>
#include <comments/json/document.hpp>
#include <comments/result.hpp>
#include <comments/text.hpp>
#include <comments/validation.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

namespace comments::inline v0::json {

// The object and the list outlive it.
class typed_fields final {
 public:
  // `prefix` stands before each name in the pointers of violations.
  typed_fields(const value& object, std::string prefix, std::vector<violation>& found)
      : object_{object}, prefix_{std::move(prefix)}, found_{found} {}

  // Sets `field`, or adds a violation: "required" if there is none, "type" if it is another kind.
  template <typename Field>
  void read(const char* name, Field& field) {
    const value* const item = find(name);
    if (item && !take(*item, field)) note(name, "type");
  }
  // The same, and nothing happens if there is none.
  template <typename Field>
  void read_optional(const char* name, Field& field) {
    if (object_.find(name)) read(name, field);
  }
  // Returns the field's object, or list; null, with a violation, if it has none.
  const value* object(const char* name) { return find_kind(name, value::kinds::object); }
  const value* list(const char* name) { return find_kind(name, value::kinds::list); }
  // Returns the fields of the field's object; none, with a violation, if it has none.
  std::optional<typed_fields> inside(const char* name) {
    const value* const found = object(name);
    if (!found) return std::nullopt;
    return typed_fields{*found, prefix_ + name + "/", found_};
  }

  // Returns the fields of each object of the field's list; none, with a violation, if it has none.
  std::vector<typed_fields> each(const char* name) {
    std::vector<typed_fields> all;
    if (const value* const found = list(name))
      for (const value& item : found->items)
        all.push_back({item, prefix_ + name + "/" + std::to_string(all.size()) + "/", found_});
    return all;
  }
  const std::vector<std::string>& names() const { return object_.names; }

  // Adds a violation for each field that was not asked for, `unknown_fields_max` at most.
  void refuse_others() { detail::note_others(object_, known_, prefix_, found_); }

 private:
  const value* find(const char* name) {
    known_.emplace_back(name);
    const value* const item = object_.find(name);
    if (!item) note(name, "required");
    return item;
  }
  const value* find_kind(const char* name, value::kinds kind) {
    const value* const item = find(name);
    if (!item || item->kind == kind) return item;
    note(name, "type");
    return nullptr;
  }
  void note(std::string_view name, const char* code) {
    found_.push_back({prefix_ + std::string{name}, code});
  }

  static bool take(const value& item, std::string& text) {
    if (item.as_text()) text = item.text;
    return item.as_text();
  }
  static bool take(const value& item, bool& is_so) {
    is_so = item.is_true;
    return item.kind == value::kinds::boolean;
  }
  static bool take(const value& item, std::int64_t& number) {
    if (!item.is_integer) return false;
    const char* const end = item.text.data() + item.text.size();
    const auto [last, problem] = std::from_chars(item.text.data(), end, number);
    return problem == std::errc{} && last == end;
  }
  static bool take(const value& item, comment_id& id) {
    return set(id, item.as_text() ? parse_comment_id(item.text) : std::nullopt);
  }
  static bool take(const value& item, instant& at) {
    return set(at, item.as_text() ? parse_rfc3339(item.text) : std::nullopt);
  }
  template <typename Enum>
  requires std::is_enum_v<Enum>
  static bool take(const value& item, Enum& field) {
    return set(field, item.as_text() ? comments::parse<Enum>(item.text) : std::nullopt);
  }
  template <typename Field>
  static bool take(const value& item, std::optional<Field>& field) {
    field.reset();
    return item.is_null() || take(item, field.emplace());
  }
  template <typename Field>
  static bool set(Field& field, const std::optional<Field>& parsed) {
    if (parsed) field = *parsed;
    return parsed.has_value();
  }

  const value& object_;
  std::string prefix_;
  std::vector<violation>& found_;
  std::vector<std::string> known_{};
};

// Returns what `read` makes of the fields of an object, or all that is wrong with them.
template <typename Value, typename Read>
result<Value> read_object(std::string_view text, std::size_t depth_max, Read&& read) {
  const auto parsed = parse_object(text, depth_max);
  if (!parsed) return parsed.error();
  std::vector<violation> found;
  Value value = read(typed_fields{*parsed, "/", found});
  if (!found.empty()) return to_error(std::move(found));
  return value;
}

}  // namespace comments::inline v0::json
