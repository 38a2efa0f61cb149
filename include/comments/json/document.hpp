#pragma once
// json/document.hpp - JSON as values in memory: untrusted text is read within limits.
//
// Text that is not JSON is refused, and so is JSON that two readers could understand in two ways:
// bytes that are not UTF-8, lone surrogates, nesting deeper than the caller allows, and an object
// with the same key twice (RFC 8259 leaves that to the receiver). nlohmann/json.hpp reads the text;
// the values are ours, because its own need memory when they are destroyed, and where there is none
// that ends the program. It is included here, so headers that do without values
// (json/encode.hpp, json/decode.hpp) do without this one.
//
//   using namespace comments;
//   const auto parsed = json::parse(R"({"name":"Ana"})", 32);
//   std::vector<violation> found;
//   json::field_reader root{*parsed, "/", found};
//   const std::string name = root.text("name", true);  // "Ana"

#include <comments/result.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments::inline v0::json {

// A value of JSON. Members that its kind does not use are empty.
struct value {
  enum class kinds { null, boolean, number, text, list, object };

  kinds kind{};
  bool is_true{};
  double number{};                   // as near as a double comes to it
  bool is_integer{};                 // then `text` has its digits
  std::string text{};                // of a text
  std::vector<std::string> names{};  // of an object's fields, in the order in which they came
  std::vector<value> items{};        // a list's, or the values of an object's fields

  bool is_null() const { return kind == kinds::null; }
  bool is_object() const { return kind == kinds::object; }
  bool is_list() const { return kind == kinds::list; }
  // Returns the text, or null if it is none.
  const std::string* as_text() const { return kind == kinds::text ? &text : nullptr; }
  // Returns the value of an object's field; null if it has none, or this is no object.
  const value* find(std::string_view name) const;
};

// A longer JSON pointer helps no client, so an error has an empty one instead.
inline constexpr std::size_t pointer_bytes_max{255};
// Of an object with more unknown fields no more are named.
inline constexpr std::size_t unknown_fields_max{20};

// Returns `text` as a JSON string. What is not UTF-8 in it is written as U+FFFD.
std::string to_string_literal(std::string_view text);

// Returns `text` as a value. `malformed` if it is not JSON, names a key twice in one object, or is
// nested deeper than `depth_max` levels; the violation names the field where that was seen.
result<value> parse(std::string_view text, std::size_t depth_max);

// The same, and `invalid` if the value is not an object.
result<value> parse_object(std::string_view text, std::size_t depth_max);

// Returns `key` as a step of a JSON pointer (RFC 6901, section 3).
std::string to_step(const std::string& key);

// Takes fields out of an object, and adds what is wrong with them to a list of violations: at most
// one for each field. A field that is null counts as absent. The object and the list outlive it.
class field_reader final {
 public:
  // `prefix` stands before each name in the pointers of violations.
  field_reader(const value& object, std::string prefix, std::vector<violation>& found);

  // Returns the field's text; empty, with a violation, if it is not a string, or is required and
  // absent or empty.
  std::string text(const char* name, bool is_required);
  // The same for a name that may be written as an integer: 1 and "1" are the same content, or run.
  std::string name(const char* name, bool is_required);
  // Returns the field's object; null if it is absent, and null with a violation if it is not one.
  const value* object(const char* name);
  // Returns the texts of a list; adds a violation if the field is not a list of texts, or is empty.
  std::vector<std::string> texts(const char* name);
  // Returns whether the field is there, as null.
  bool is_null(const char* name) const;

  // Adds a violation for each field that is not among `known`, `unknown_fields_max` at most.
  void refuse_others(std::initializer_list<std::string_view> known);
  // Adds this violation, unless the field has one. Returns "", which stands for the field's text.
  std::string note(const char* name, const char* code);

 private:
  const value* find(const char* name, bool is_required);

  const value& object_;
  std::string prefix_;
  std::vector<violation>& found_;
};

// --- definitions ---

namespace detail {

// Makes a value of what the parser meets in a text. Each function returns whether to go on.
class value_builder final {
 public:
  explicit value_builder(std::size_t depth_max) : depth_max_{depth_max} {}

  bool null() { return add({}); }
  bool boolean(bool is_true) { return add({.kind = value::kinds::boolean, .is_true = is_true}); }
  bool number_integer(std::int64_t number) {
    return add_integer(static_cast<double>(number), std::to_string(number));
  }
  bool number_unsigned(std::uint64_t number) {
    return add_integer(static_cast<double>(number), std::to_string(number));
  }
  bool number_float(double number, const std::string&) {
    return add({.kind = value::kinds::number, .number = number});
  }
  bool string(std::string& text) {
    return add({.kind = value::kinds::text, .text = std::move(text)});
  }
  bool binary(nlohmann::json::binary_t&) { return false; }  // JSON has none
  bool start_object(std::size_t) { return open(value::kinds::object); }
  bool start_array(std::size_t) { return open(value::kinds::list); }
  bool key(std::string& name) {
    path_.resize(open_.size());
    path_.back() = to_step(name);
    if (!open_.back().seen.insert(name).second && !repeated_) repeated_ = pointer();
    open_.back().of->names.push_back(std::move(name));
    return true;
  }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  template <typename Exception>
  bool parse_error(std::size_t, const std::string&, const Exception&) {
    return false;
  }

  bool is_too_deep() const { return is_too_deep_; }
  // The first key that came a second time, as a JSON pointer.
  const std::optional<std::string>& repeated() const { return repeated_; }
  // The last key that was met, as a JSON pointer; empty before the first, and if it is too long.
  std::string pointer() const {
    std::string joined;
    for (const std::string& key : path_) joined += key;
    return joined.size() <= pointer_bytes_max ? joined : "";
  }
  value take() { return std::move(made_); }

 private:
  // An object or a list whose end has not come. It does not move before that.
  struct level {
    value* of{};
    std::set<std::string> seen{};  // keys
  };

  value& place() {
    if (open_.empty()) return made_;
    return open_.back().of->items.emplace_back();
  }
  bool add(value met) {
    place() = std::move(met);
    return true;
  }
  bool add_integer(double number, std::string digits) {
    return add({.kind = value::kinds::number,
                .number = number,
                .is_integer = true,
                .text = std::move(digits)});
  }
  bool open(value::kinds kind) {
    is_too_deep_ = open_.size() >= depth_max_;
    if (is_too_deep_) return false;
    value& opened = place();
    opened.kind = kind;
    open_.push_back({&opened});
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  std::size_t depth_max_;
  value made_{};
  std::vector<level> open_{};
  bool is_too_deep_{};
  std::optional<std::string> repeated_{};
  std::vector<std::string> path_{};
};

inline error malformed(std::string message, std::string pointer, std::string code) {
  error why{errc::malformed, std::move(message)};
  if (!pointer.empty()) why.violations.push_back({std::move(pointer), std::move(code)});
  return why;
}

// Adds a violation for each field of an object that is not among `known`, `unknown_fields_max` at
// most. `prefix` ends in "/".
template <typename Known>
void note_others(const value& object, const Known& known, const std::string& prefix,
                 std::vector<violation>& found) {
  const std::string above = prefix.substr(0, prefix.size() - 1);
  std::size_t left = unknown_fields_max;
  for (const std::string& name : object.names) {
    if (std::ranges::find(known, name) != known.end()) continue;
    if (left-- == 0) return;
    found.push_back({name.size() <= pointer_bytes_max ? above + to_step(name) : above, "unknown"});
  }
}

}  // namespace detail

inline const value* value::find(std::string_view name) const {
  const auto at = std::ranges::find(names, name);
  return at == names.end() ? nullptr : &items[static_cast<std::size_t>(at - names.begin())];
}

inline std::string to_string_literal(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

inline std::string to_step(const std::string& key) {
  std::string escaped{"/"};
  for (const char c : key) {
    if (c == '~')
      escaped += "~0";
    else if (c == '/')
      escaped += "~1";
    else
      escaped += c;
  }
  return escaped;
}

inline result<value> parse(std::string_view text, std::size_t depth_max) {
  if (text.empty()) return detail::malformed("The body is empty; JSON was expected.", "", "");
  detail::value_builder seen{depth_max};
  const bool is_json = nlohmann::json::sax_parse(text, &seen);
  if (seen.is_too_deep())
    return detail::malformed(
        "The JSON is nested deeper than " + std::to_string(depth_max) + " levels.", seen.pointer(),
        "too_deep");
  // The parser takes NUL for the end of the text; JSON has it nowhere.
  if (!is_json || text.find('\0') != text.npos)
    return detail::malformed("The body is not well-formed JSON in UTF-8.", seen.pointer(),
                             "malformed");
  if (seen.repeated())
    return detail::malformed("The JSON has the same key twice in one object.", *seen.repeated(),
                             "repeated");
  return seen.take();
}

inline result<value> parse_object(std::string_view text, std::size_t depth_max) {
  auto parsed = parse(text, depth_max);
  if (parsed && !parsed->is_object())
    return error{errc::invalid, "The body must be a JSON object.", {{"", "type"}}};
  return parsed;
}

inline field_reader::field_reader(const value& object, std::string prefix,
                                  std::vector<violation>& found)
    : object_{object}, prefix_{std::move(prefix)}, found_{found} {}

inline std::string field_reader::text(const char* name, bool is_required) {
  const value* const found = find(name, is_required);
  if (!found) return {};
  if (const std::string* text = found->as_text()) {
    if (is_required && text->empty()) note(name, "required");
    return *text;
  }
  return note(name, "type");
}

inline std::string field_reader::name(const char* name, bool is_required) {
  const value* const found = find(name, is_required);
  return found && found->is_integer ? found->text : text(name, is_required);
}

inline const value* field_reader::object(const char* name) {
  const value* const found = find(name, false);
  if (found && !found->is_object()) note(name, "type");
  return found && found->is_object() ? found : nullptr;
}

inline std::vector<std::string> field_reader::texts(const char* name) {
  std::vector<std::string> all;
  const value* const found = find(name, true);
  if (!found) return all;
  if (!found->is_list() || found->items.empty()) {
    note(name, found->is_list() ? "required" : "type");
    return all;
  }
  for (const value& item : found->items) {
    if (const std::string* text = item.as_text())
      all.push_back(*text);
    else
      note(name, "type");
  }
  return all;
}

inline bool field_reader::is_null(const char* name) const {
  const value* const found = object_.find(name);
  return found && found->is_null();
}

inline void field_reader::refuse_others(std::initializer_list<std::string_view> known) {
  detail::note_others(object_, known, prefix_, found_);
}

inline std::string field_reader::note(const char* name, const char* code) {
  const std::string pointer = prefix_ + name;
  if (std::ranges::find(found_, pointer, &violation::pointer) == found_.end())
    found_.push_back({pointer, code});
  return {};
}

inline const value* field_reader::find(const char* name, bool is_required) {
  const value* const found = object_.find(name);
  if (found && !found->is_null()) return found;
  if (is_required) note(name, "required");
  return nullptr;
}

}  // namespace comments::inline v0::json
