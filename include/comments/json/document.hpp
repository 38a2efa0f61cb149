#pragma once
// json/document.hpp - JSON as values in memory: untrusted text is read within limits, and written.
//
// Text that is not JSON is refused, and so is JSON that two readers could understand in two ways:
// bytes that are not UTF-8, lone surrogates, nesting deeper than the caller allows, and an object
// with the same key twice (RFC 8259 leaves that to the receiver). nlohmann/json.hpp is included
// here, so headers that do without values (json/encode.hpp, json/decode.hpp) do without this one.
//
//   using namespace comments;
//   const auto parsed = json::parse(R"({"name":"Ana"})", 32);
//   std::vector<violation> found;
//   json::field_reader root{*parsed, "/", found};
//   const std::string name = root.text("name", true);  // "Ana"

#include <comments/result.hpp>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments::json {

using document = nlohmann::ordered_json;  // keys in the order they are written

// A longer JSON pointer helps no client, so an error has an empty one instead.
inline constexpr std::size_t pointer_bytes_max{255};

// Returns `value` as text without blanks. Text in it that is not UTF-8 is written with U+FFFD.
std::string dump(const document& value);

// Returns `text` as a value. `malformed` if it is not JSON, names a key twice in one object, or is
// nested deeper than `depth_max` levels; the violation names the field where that was seen.
result<nlohmann::json> parse(std::string_view text, std::size_t depth_max);

// The same, and `invalid` if the value is not an object.
result<nlohmann::json> parse_object(std::string_view text, std::size_t depth_max);

// Returns `key` as a step of a JSON pointer (RFC 6901, section 3).
std::string to_step(const std::string& key);

// Takes fields out of an object, and adds what is wrong with them to a list of violations: at most
// one for each field. A field that is null counts as absent. The object and the list outlive it.
class field_reader final {
 public:
  // `prefix` stands before each name in the pointers of violations.
  field_reader(const nlohmann::json& object, std::string prefix, std::vector<violation>& found);

  // Returns the field's text; empty, with a violation, if it is not a string, or is required and
  // absent or empty.
  std::string text(const char* name, bool is_required);
  // The same for a name that may be written as an integer: 1 and "1" are the same content, or run.
  std::string name(const char* name, bool is_required);
  // Returns the field's object; null if it is absent, and null with a violation if it is not one.
  const nlohmann::json* object(const char* name);
  // Returns the texts of a list; adds a violation if the field is not a list of texts, or is empty.
  std::vector<std::string> texts(const char* name);
  // Returns whether the field is there, as null.
  bool is_null(const char* name) const;

  // Adds a violation for each field that is not among `known`.
  void refuse_others(std::initializer_list<std::string_view> known);
  // Adds this violation, unless the field has one. Returns "", which stands for the field's text.
  std::string note(const char* name, const char* code);

 private:
  const nlohmann::json* find(const char* name, bool is_required);

  const nlohmann::json& object_;
  std::string prefix_;
  std::vector<violation>& found_;
};

// --- definitions ---

namespace detail {

// Follows a parser through a text: where it is, how deep, and which keys each open object has.
class key_tracker final {
 public:
  explicit key_tracker(std::size_t depth_max) : depth_max_{depth_max} {}

  // The parser calls this at each step. Returns whether it goes on into what it met.
  bool operator()(int depth_before, nlohmann::json::parse_event_t met,
                  const nlohmann::json& parsed) {
    using event = nlohmann::json::parse_event_t;
    const auto depth = static_cast<std::size_t>(depth_before);
    if (met == event::object_start || met == event::array_start) {
      is_too_deep_ = is_too_deep_ || depth >= depth_max_;
      keys_.resize(std::min(depth, depth_max_));
      keys_.emplace_back();
    }
    if (met == event::key && !is_too_deep_) {  // after that, the path stays where it was
      const auto& key = parsed.get_ref<const std::string&>();
      path_.resize(depth);
      path_[depth - 1] = to_step(key);
      keys_.resize(depth);
      if (!keys_[depth - 1].insert(key).second && !repeated_) repeated_ = pointer();
    }
    return !is_too_deep_;
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

 private:
  std::size_t depth_max_;
  bool is_too_deep_{};
  std::optional<std::string> repeated_{};
  std::vector<std::string> path_{};
  std::vector<std::set<std::string>> keys_{};
};

inline error malformed(std::string message, std::string pointer, std::string code) {
  error why{errc::malformed, std::move(message)};
  if (!pointer.empty()) why.violations.push_back({std::move(pointer), std::move(code)});
  return why;
}

}  // namespace detail

inline std::string dump(const document& value) {
  return value.dump(-1, ' ', false, document::error_handler_t::replace);
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

inline result<nlohmann::json> parse(std::string_view text, std::size_t depth_max) {
  if (text.empty()) return detail::malformed("The body is empty; JSON was expected.", "", "");
  detail::key_tracker seen{depth_max};
  // By reference: the parser copies its callback.
  auto value = nlohmann::json::parse(
      text, [&](int depth, auto event, auto& parsed) { return seen(depth, event, parsed); }, false);
  if (seen.is_too_deep())
    return detail::malformed(
        "The JSON is nested deeper than " + std::to_string(depth_max) + " levels.", seen.pointer(),
        "too_deep");
  // The parser takes NUL for the end of the text; JSON has it nowhere.
  if (value.is_discarded() || text.find('\0') != text.npos)
    return detail::malformed("The body is not well-formed JSON in UTF-8.", seen.pointer(),
                             "malformed");
  if (seen.repeated())
    return detail::malformed("The JSON has the same key twice in one object.", *seen.repeated(),
                             "repeated");
  return value;
}

inline result<nlohmann::json> parse_object(std::string_view text, std::size_t depth_max) {
  auto parsed = parse(text, depth_max);
  if (parsed && !parsed->is_object())
    return error{errc::invalid, "The body must be a JSON object.", {{"", "type"}}};
  return parsed;
}

inline field_reader::field_reader(const nlohmann::json& object, std::string prefix,
                                  std::vector<violation>& found)
    : object_{object}, prefix_{std::move(prefix)}, found_{found} {}

inline std::string field_reader::text(const char* name, bool is_required) {
  const nlohmann::json* value = find(name, is_required);
  if (!value) return {};
  if (const auto* text = value->get_ptr<const std::string*>()) {
    if (is_required && text->empty()) note(name, "required");
    return *text;
  }
  return note(name, "type");
}

inline std::string field_reader::name(const char* name, bool is_required) {
  const nlohmann::json* value = find(name, is_required);
  return value && value->is_number_integer() ? value->dump() : text(name, is_required);
}

inline const nlohmann::json* field_reader::object(const char* name) {
  const nlohmann::json* value = find(name, false);
  if (value && !value->is_object()) note(name, "type");
  return value && value->is_object() ? value : nullptr;
}

inline std::vector<std::string> field_reader::texts(const char* name) {
  std::vector<std::string> found;
  const nlohmann::json* value = find(name, true);
  if (!value) return found;
  if (!value->is_array() || value->empty()) {
    note(name, value->is_array() ? "required" : "type");
    return found;
  }
  for (const nlohmann::json& item : *value) {
    if (const auto* text = item.get_ptr<const std::string*>())
      found.push_back(*text);
    else
      note(name, "type");
  }
  return found;
}

inline bool field_reader::is_null(const char* name) const {
  const auto at = object_.find(name);
  return at != object_.end() && at->is_null();
}

inline void field_reader::refuse_others(std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : object_.items()) {
    if (std::ranges::find(known, name) != known.end()) continue;
    found_.push_back({name.size() <= pointer_bytes_max ? to_step(name) : "", "unknown"});
  }
}

inline std::string field_reader::note(const char* name, const char* code) {
  const std::string pointer = prefix_ + name;
  if (std::ranges::find(found_, pointer, &violation::pointer) == found_.end())
    found_.push_back({pointer, code});
  return {};
}

inline const nlohmann::json* field_reader::find(const char* name, bool is_required) {
  const auto at = object_.find(name);
  if (at != object_.end() && !at->is_null()) return &*at;
  if (is_required) note(name, "required");
  return nullptr;
}

}  // namespace comments::json
