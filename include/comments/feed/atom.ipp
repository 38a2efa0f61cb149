#pragma once
// feed/atom.ipp - definitions of feed/atom.hpp.

#include <comments/feed/atom.hpp>

#include <comments/text.hpp>

#include <cstddef>
#include <pugixml.hpp>
#include <utility>

namespace comments::inline v0::feed {

COMMENTS_INLINE std::string to_xml_text(std::string_view text) {
  const auto is_possible = [](char32_t point) {
    if (point < 0x20) return point == '\t' || point == '\n' || point == '\r';
    return point != 0xfffe && point != 0xffff;
  };
  std::string possible;
  possible.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t start = at;
    const auto point = next_code_point(text, at);
    if (!point) ++at;
    if (point && is_possible(*point))
      possible += text.substr(start, at - start);
    else
      possible += "\xef\xbf\xbd";
  }
  return possible;
}

namespace detail {

struct text_writer final : pugi::xml_writer {
  void write(const void* bytes, std::size_t size) override {
    text.append(static_cast<const char*>(bytes), size);
  }
  std::string text{};
};

inline pugi::xml_node add(pugi::xml_node to, const char* name, std::string_view text) {
  pugi::xml_node made = to.append_child(name);
  made.text().set(to_xml_text(text).c_str());
  return made;
}

inline void add_link(pugi::xml_node to, const char* relation, const char* type,
                     const std::string& target) {
  pugi::xml_node made = to.append_child("link");
  made.append_attribute("rel") = relation;
  made.append_attribute("type") = type;
  made.append_attribute("href") = target.c_str();
}

inline void add_entry(pugi::xml_node feed, const entry& from) {
  pugi::xml_node made = feed.append_child("entry");
  add(made, "id", from.id);
  add(made, "title", from.title);
  add(made.append_child("author"), "name", from.author);
  add(made, "published", to_rfc3339(from.published));
  add(made, "updated", to_rfc3339(from.edited.value_or(from.published)));
  add_link(made, "alternate", "application/json", from.link);
  if (from.in_reply_to)
    made.append_child("thr:in-reply-to").append_attribute("ref") = from.in_reply_to->c_str();
  add(made, "content", from.html).append_attribute("type") = "html";
}

}  // namespace detail

COMMENTS_INLINE std::string to_atom(const document& from) {
  pugi::xml_document xml;
  pugi::xml_node declaration = xml.append_child(pugi::node_declaration);
  declaration.append_attribute("version") = "1.0";
  declaration.append_attribute("encoding") = "utf-8";
  pugi::xml_node feed = xml.append_child("feed");
  feed.append_attribute("xmlns") = "http://www.w3.org/2005/Atom";
  feed.append_attribute("xmlns:thr") = "http://purl.org/syndication/thread/1.0";
  detail::add(feed, "id", from.id);
  detail::add(feed, "title", from.title);
  detail::add(feed, "updated", to_rfc3339(from.updated));
  detail::add_link(feed, "self", atom_type.data(), from.link);
  for (const entry& item : from.entries) detail::add_entry(feed, item);
  detail::text_writer writer;
  xml.save(writer, "", pugi::format_raw, pugi::encoding_utf8);
  return std::move(writer.text);
}

}  // namespace comments::inline v0::feed
