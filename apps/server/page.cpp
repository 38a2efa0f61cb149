#include "page.hpp"

namespace server {

using namespace comments;

http::response make_page(const frame& around, const safe_html& main, const language& words) {
  values shown;
  shown.set_text("title", around.title);
  shown.set_url("root_url", relative_url{around.root});
  shown.set_url("home_url", relative_url{around.root.empty() ? "./" : around.root});
  if (around.next) shown.set_url("next_url", *around.next);
  if (around.feed) shown.set_url("feed_url", *around.feed);
  shown.set_html("main_html", main);
  return {.headers = {{"Content-Type", "text/html; charset=utf-8"}},
          .body = render("frame.html", shown, words).text()};
}

std::string page_policy(std::span<const std::string> origins) {
  std::string policy =
      "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
      "base-uri 'none'; frame-ancestors 'self'";
  for (const std::string& origin : origins) policy += " " + origin;
  return policy;
}

void protect(http::response& answer, std::string_view policy, std::string_view referrer) {
  answer.headers.emplace_back("Content-Security-Policy", policy);
  answer.headers.emplace_back("Referrer-Policy", referrer);
  answer.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
}

safe_html make_form(const form_fields& fields, const relative_url& action, std::string_view wrong,
                    const language& words) {
  const auto is_wrong = [wrong](std::string_view pointer) {
    return wrong.find(pointer) != wrong.npos;
  };
  values shown;
  shown.set_url("action_url", action);
  shown.set_text("title", fields.parent_id.empty()
                              ? std::string{words.word("write")}
                              : words.say("answer", {{"name", fields.answers}}));
  shown.set_text("body", fields.body);
  shown.set_text("name", fields.name);
  shown.set_text("email", fields.email);
  shown.set_flag("is_body_wrong", is_wrong("/body"));
  shown.set_flag("is_name_wrong", is_wrong("/author/name"));
  shown.set_flag("is_email_wrong", is_wrong("/author/email"));
  shown.set_text("parent_id", fields.parent_id);
  shown.set_text("answers", fields.answers);
  shown.set_text("form", fields.form);
  shown.set_text("key", fields.key);
  return render("form.html", shown, words);
}

}  // namespace server
