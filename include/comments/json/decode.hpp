#pragma once
// json/decode.hpp - untrusted text to a draft, or every reason why not. Never throws.
//
// Text that is no JSON is `malformed`: so are bytes that are no UTF-8, lone surrogates, nesting
// over `limits::json_depth_max` levels, and an object with the same key twice (RFC 8259 leaves
// those to the receiver; we refuse rather than guess which one was meant). JSON of the wrong shape
// is `invalid`, with all violations of shape ("type", "required") and of `check` together. Fields
// that are not known are ignored.

#include <comments/validation.hpp>

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments::json {

// Watches a parser go by: where it is, how deep, and which keys each open object has shown.
class watch final {
 public:
  explicit watch(std::size_t depth_max) : depth_max_{depth_max} {}

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
      path_[depth - 1] = "/" + escape(key);
      keys_.resize(depth);
      if (!keys_[depth - 1].insert(key).second && !repeated_) repeated_ = pointer();
    }
    return !is_too_deep_;
  }

  bool is_too_deep() const { return is_too_deep_; }
  // Where the first key came for the second time.
  const std::optional<std::string>& repeated() const { return repeated_; }
  // The last key that was met, as a JSON pointer; empty before the first, and where it would be so
  // long that it helps nobody.
  std::string pointer() const {
    std::string joined;
    for (const std::string& key : path_) joined += key;
    return joined.size() <= pointer_bytes_max ? joined : "";
  }

  static constexpr std::size_t pointer_bytes_max{255};

 private:
  static std::string escape(const std::string& key) {  // RFC 6901, section 3
    std::string escaped;
    for (const char c : key) escaped += c == '~' ? "~0" : c == '/' ? "~1" : std::string{c};
    return escaped;
  }

  std::size_t depth_max_;
  bool is_too_deep_{};
  std::optional<std::string> repeated_{};
  std::vector<std::string> path_{};
  std::vector<std::set<std::string>> keys_{};
};

// `text` as a value, or `malformed`, which names the field where it went wrong if there was one.
inline result<nlohmann::json> parse(std::string_view text, std::size_t depth_max) {
  const auto malformed = [](std::string message, std::string pointer, std::string code) {
    error why{errc::malformed, std::move(message)};
    if (!pointer.empty()) why.violations.push_back({std::move(pointer), std::move(code)});
    return why;
  };
  if (text.empty()) return malformed("The body is empty; JSON was expected.", "", "");
  watch seen{depth_max};
  // By reference: the parser copies its callback.
  auto value = nlohmann::json::parse(
      text, [&](int depth, auto event, auto& parsed) { return seen(depth, event, parsed); }, false);
  if (seen.is_too_deep())
    return malformed("The JSON is nested deeper than " + std::to_string(depth_max) + " levels.",
                     seen.pointer(), "too_deep");
  // The parser takes NUL for the end of the text; JSON has it nowhere.
  if (value.is_discarded() || text.find('\0') != text.npos)
    return malformed("The body is not well-formed JSON in UTF-8.", seen.pointer(), "malformed");
  if (seen.repeated())
    return malformed("The JSON has the same key twice in one object.", *seen.repeated(),
                     "repeated");
  return value;
}

// Takes fields out of an object and notes what is wrong with them.
class fields final {
 public:
  fields(const nlohmann::json& object, std::string prefix, std::vector<violation>& found)
      : object_{object}, prefix_{std::move(prefix)}, found_{found} {}

  // The field's text; empty, and noted, if it is no string or is required and not there.
  std::string text(const char* name, bool is_required) {
    const nlohmann::json* value = find(name, is_required);
    if (!value) return {};
    if (const auto* text = value->get_ptr<const std::string*>()) {
      if (is_required && text->empty()) note(name, "required");
      return *text;
    }
    return note(name, "type");
  }

  // A content's id, which may be written as an integer: 1 and "1" are the same content.
  std::string content_id(const char* name) {
    const nlohmann::json* value = find(name, true);
    return value && value->is_number_integer() ? value->dump() : value ? text(name, true) : "";
  }

  // The field's object; null, and noted, if it is there and no object.
  const nlohmann::json* object(const char* name) {
    const nlohmann::json* value = find(name, false);
    if (value && !value->is_object()) note(name, "type");
    return value && value->is_object() ? value : nullptr;
  }

  std::string note(const char* name, const char* code) {
    found_.push_back({prefix_ + name, code});
    return {};
  }

 private:
  // Null counts as not there.
  const nlohmann::json* find(const char* name, bool is_required) {
    const auto at = object_.find(name);
    if (at != object_.end() && !at->is_null()) return &*at;
    if (is_required) note(name, "required");
    return nullptr;
  }

  const nlohmann::json& object_;
  std::string prefix_;
  std::vector<violation>& found_;
};

// The fields of a draft that have other names in some form of it: JSON pointers, ours and theirs.
using renamed = std::vector<std::pair<std::string_view, std::string_view>>;

// `written` if neither its shape nor `check` has anything against it. One violation for each field:
// what is wrong with its shape comes before what is wrong with its text.
inline result<draft> accept(draft written, std::vector<violation> found, const limits& limits,
                            const renamed& names) {
  for (violation& broken : check(written, limits)) {
    for (const auto& [pointer, name] : names)
      if (broken.pointer == pointer) broken.pointer = name;
    if (std::ranges::find(found, broken.pointer, &violation::pointer) == found.end())
      found.push_back(std::move(broken));
  }
  if (!found.empty()) return to_error(std::move(found));
  return written;
}

// A draft from an object, of which `read` takes all but the content's id and the key.
template <typename Read>
result<draft> decode_object(std::string_view text, std::string key, const limits& limits,
                            const renamed& names, Read&& read) {
  const auto parsed = parse(text, limits.json_depth_max);
  if (!parsed) return parsed.error();
  if (!parsed->is_object())
    return error{errc::invalid, "The body must be a JSON object.", {{"", "type"}}};
  std::vector<violation> found;
  fields root{*parsed, "/", found};
  draft written{.content_id = root.content_id("content_id"), .key = std::move(key)};
  read(root, written, found);
  return accept(std::move(written), std::move(found), limits, names);
}

// {"content_id", "body", "parent_id"?, "author"?: {"name"?, "email"?, "url"?}}
inline result<draft> decode_draft(std::string_view text, std::string key, const limits& limits) {
  const auto read = [](fields& root, draft& written, std::vector<violation>& found) {
    written.body = root.text("body", true);
    const std::string parent = root.text("parent_id", false);
    written.parent = parse_comment_id(parent);
    if (!parent.empty() && !written.parent) root.note("parent_id", "format");
    const nlohmann::json* author = root.object("author");
    if (!author) return;
    fields inner{*author, "/author/", found};
    written.author.name = inner.text("name", false);
    written.author.email = inner.text("email", false);
    written.author.url = inner.text("url", false);
  };
  return decode_object(text, std::move(key), limits, {}, read);
}

// The original API's {"email", "comment", "content_id"}, all three required.
inline result<draft> decode_original_draft(std::string_view text, std::string key,
                                           const limits& limits) {
  const auto read = [](fields& root, draft& written, std::vector<violation>&) {
    written.author.email = root.text("email", true);
    written.body = root.text("comment", true);
  };
  return decode_object(text, std::move(key), limits,
                       {{"/author/email", "/email"}, {"/body", "/comment"}}, read);
}

}  // namespace comments::json
