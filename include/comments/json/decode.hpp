#pragma once
// json/decode.hpp - untrusted text to a draft, or every reason why not. Never throws.
//
// Text that is no JSON is `malformed`: so are bytes that are no UTF-8, lone surrogates, nesting
// over `limits::json_depth_max` levels, and an object with the same key twice (RFC 8259 leaves
// those to the receiver; we refuse rather than guess which one was meant). JSON of the wrong shape
// is `invalid`, with all violations of shape ("type", "required") and of `check` together. Fields
// that are not known are ignored, but in the pipeline's: a mistyped "run" must not go unnoticed.

#include <comments/deployments/deployment.hpp>
#include <comments/moderation.hpp>
#include <comments/validation.hpp>

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

// A key as a step of a JSON pointer (RFC 6901, section 3).
inline std::string to_step(const std::string& key) {
  std::string escaped{"/"};
  for (const char c : key) escaped += c == '~' ? "~0" : c == '/' ? "~1" : std::string{c};
  return escaped;
}

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
      path_[depth - 1] = to_step(key);
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

  // A name that may be written as an integer: 1 and "1" are the same content, or run.
  std::string name(const char* name, bool is_required) {
    const nlohmann::json* value = find(name, is_required);
    return value && value->is_number_integer() ? value->dump() : text(name, is_required);
  }

  // The field's object; null, and noted, if it is there and no object.
  const nlohmann::json* object(const char* name) {
    const nlohmann::json* value = find(name, false);
    if (value && !value->is_object()) note(name, "type");
    return value && value->is_object() ? value : nullptr;
  }

  // The texts of a list; noted if it is none, empty, or holds anything else.
  std::vector<std::string> texts(const char* name) {
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

  // Notes every field that is none of `known`, by its name where that helps.
  void refuse_others(std::initializer_list<std::string_view> known) {
    for (const auto& [name, value] : object_.items()) {
      if (std::ranges::find(known, name) != known.end()) continue;
      const bool is_short = name.size() <= watch::pointer_bytes_max;
      found_.push_back({is_short ? to_step(name) : "", "unknown"});
    }
  }

  // Whether the field is there, as null.
  bool is_null(const char* name) const {
    const auto at = object_.find(name);
    return at != object_.end() && at->is_null();
  }

  // Once for each field: the first that is wrong with it says enough.
  std::string note(const char* name, const char* code) {
    const std::string pointer = prefix_ + name;
    if (std::ranges::find(found_, pointer, &violation::pointer) == found_.end())
      found_.push_back({pointer, code});
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

// `text` as an object, or why it is none.
inline result<nlohmann::json> parse_object(std::string_view text, const limits& limits) {
  auto parsed = parse(text, limits.json_depth_max);
  if (parsed && !parsed->is_object())
    return error{errc::invalid, "The body must be a JSON object.", {{"", "type"}}};
  return parsed;
}

// A draft from an object, of which `read` takes all but the content's id and the key.
template <typename Read>
result<draft> decode_object(std::string_view text, std::string key, const limits& limits,
                            const renamed& names, Read&& read) {
  const auto parsed = parse_object(text, limits);
  if (!parsed) return parsed.error();
  std::vector<violation> found;
  fields root{*parsed, "/", found};
  draft written{.content_id = root.name("content_id", true), .key = std::move(key)};
  read(root, written, found);
  return accept(std::move(written), std::move(found), limits, names);
}

// What a form sends beside a draft.
struct form_fields {
  std::string token{};        // "form": when it was shown (`auth::make_form_token`)
  bool is_honeypot_filled{};  // "trap": a field that people do not see
};

// {"content_id", "body", "parent_id"?, "author"?: {"name"?, "email"?, "url"?}, "form"?, "trap"?}
inline result<draft> decode_draft(std::string_view text, std::string key, const limits& limits,
                                  form_fields& form) {
  const auto read = [&form](fields& root, draft& written, std::vector<violation>& found) {
    written.body = root.text("body", true);
    form = {root.text("form", false), !root.text("trap", false).empty()};
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

// The same, for who asks no form.
inline result<draft> decode_draft(std::string_view text, std::string key, const limits& limits) {
  form_fields ignored;
  return decode_draft(text, std::move(key), limits, ignored);
}

// An object of texts that are all checked elsewhere: `read` takes them out.
template <typename Value, typename Read>
result<Value> decode_fields(std::string_view text, const limits& limits, Read&& read) {
  const auto parsed = parse_object(text, limits);
  if (!parsed) return parsed.error();
  std::vector<violation> found;
  fields root{*parsed, "/", found};
  Value value = read(root);
  if (!found.empty()) return to_error(std::move(found));
  return value;
}

// {"body"}
inline result<std::string> decode_body(std::string_view text, const limits& limits) {
  return decode_fields<std::string>(text, limits,
                                    [](fields& root) { return root.text("body", true); });
}

// {"reason"}
inline result<std::string> decode_reason(std::string_view text, const limits& limits) {
  return decode_fields<std::string>(text, limits,
                                    [](fields& root) { return root.text("reason", true); });
}

// {"status", "reason"?}: how a content is to be; null gives it the default back.
struct content_change {
  std::optional<content_status> status{};
  std::string reason{};
};
inline result<content_change> decode_content_change(std::string_view text, const limits& limits) {
  return decode_fields<content_change>(text, limits, [](fields& root) {
    content_change wanted{.reason = root.text("reason", false)};
    if (root.is_null("status")) return wanted;
    const std::string name = root.text("status", true);
    wanted.status = comments::parse<content_status>(name);
    if (!name.empty() && !wanted.status) root.note("status", "unknown");
    return wanted;
  });
}

// {"ids", "action", "reason"?}: what moderators decide.
struct decision_request {
  std::vector<comment_id> ids{};
  decision action{};
  std::string reason{};
};
inline result<decision_request> decode_decision(std::string_view text, const limits& limits) {
  return decode_fields<decision_request>(text, limits, [](fields& root) {
    decision_request wanted{.reason = root.text("reason", false)};
    for (const std::string& id : root.texts("ids")) {
      if (const auto parsed = parse_comment_id(id))
        wanted.ids.push_back(*parsed);
      else
        root.note("ids", "format");
    }
    const std::string name = root.text("action", true);
    const auto action = comments::parse<decision>(name);
    if (!name.empty() && !action) root.note("action", "unknown");
    wanted.action = action.value_or(decision::hold);
    return wanted;
  });
}

// {"component", "version", "responsible", "status", "run"?}: a step of a deployment. A "date" is
// passed over: whoever keeps the register has a clock.
inline result<deployment> decode_deployment(std::string_view text, const limits& limits,
                                            const deployment_limits& most) {
  const auto parsed = parse_object(text, limits);
  if (!parsed) return parsed.error();
  std::vector<violation> found;
  fields root{*parsed, "/", found};
  deployment said{.component = root.text("component", true),
                  .version = root.text("version", true),
                  .responsible = root.text("responsible", true),
                  .run = root.name("run", false)};
  const std::string name = root.text("status", true);
  const auto status = comments::parse<deployment_status>(name);
  if (!name.empty() && !status) root.note("status", "unknown");
  said.status = status.value_or(deployment_status::pending);
  for (const violation& broken : check(said, most))
    root.note(broken.pointer.substr(1).c_str(), broken.code.c_str());
  root.refuse_others({"component", "version", "responsible", "status", "run", "date"});
  if (!found.empty()) return to_error(std::move(found));
  return said;
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
