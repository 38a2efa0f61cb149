#include "html.hpp"

#include "assets.hpp"

#include <comments/text.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace server {
namespace {

using namespace comments;

constexpr page_words english{
    .lang = "en",
    .one_comment = "comment",
    .comments = "comments",
    .by_nobody = "Anonymous",
    .removed = "This comment is not here any more.",
    .edited = "edited",
    .reply = "Reply",
    .link = "Link to this comment",
    .one_reply = "reply",
    .replies = "replies",
    .more = "More comments",
    .more_replies = "More replies",
    .all = "All comments",
    .sort = "Order",
    .oldest = "Oldest first",
    .newest = "Newest first",
    .top = "Most votes",
    .empty = "No comments yet. Yours can be the first.",
    .locked = "Comments are closed.",
    .premoderated = "A moderator reads each comment before it appears.",
    .pending = "Your comment waits for a moderator.",
    .posted = "Your comment is posted.",
    .write = "Write a comment",
    .answer = "Reply to",
    .name = "Name",
    .email = "E-mail (not shown)",
    .text = "Comment",
    .optional = "optional",
    .markdown = "Markdown works: *emphasis*, **strong**, `code`, > quote",
    .post = "Post",
    .failed = "Your comment is not posted yet.",
    .again = "What you typed is still here.",
    .back = "Back to the comments",
    .missing = "is missing",
    .too_long = "is too long",
    .format = "is not valid",
    .wrong = "has characters that cannot be used",
    .reused = "This form has posted another comment already. Send it again to post this one, too.",
    .often = "That was too often. Seconds to wait:",
    .home = "Home",
};

constexpr page_words portuguese{
    .lang = "pt-BR",
    .one_comment = "comentário",
    .comments = "comentários",
    .by_nobody = "Anônimo",
    .removed = "Este comentário não está mais aqui.",
    .edited = "editado",
    .reply = "Responder",
    .link = "Link para este comentário",
    .one_reply = "resposta",
    .replies = "respostas",
    .more = "Mais comentários",
    .more_replies = "Mais respostas",
    .all = "Todos os comentários",
    .sort = "Ordem",
    .oldest = "Mais antigos",
    .newest = "Mais recentes",
    .top = "Mais votados",
    .empty = "Nenhum comentário ainda. O seu pode ser o primeiro.",
    .locked = "Os comentários estão fechados.",
    .premoderated = "A moderação lê cada comentário antes que ele apareça.",
    .pending = "Seu comentário aguarda a moderação.",
    .posted = "Seu comentário foi publicado.",
    .write = "Escreva um comentário",
    .answer = "Responda a",
    .name = "Nome",
    .email = "E-mail (não aparece)",
    .text = "Comentário",
    .optional = "opcional",
    .markdown = "Aceita Markdown: *ênfase*, **forte**, `código`, > citação",
    .post = "Publicar",
    .failed = "Seu comentário ainda não foi publicado.",
    .again = "O que você escreveu continua aqui.",
    .back = "Voltar aos comentários",
    .missing = "está faltando",
    .too_long = "está longo demais",
    .format = "não é válido",
    .wrong = "tem caracteres que não podem ser usados",
    .reused =
        "Este formulário já publicou outro comentário. Envie de novo para publicar este também.",
    .often = "Foram pedidos demais. Segundos de espera:",
    .home = "Início",
};

std::string attribute(std::string_view name, std::string_view value) {
  return " " + std::string{name} + "=\"" + escape_html(value) + '"';
}

std::string hidden(std::string_view name, std::string_view value) {
  return "<input type=\"hidden\"" + attribute("name", name) + attribute("value", value) + ">";
}

std::string field(std::string_view label, const page_words& words, std::string_view name,
                  std::string_view value, std::string_view more) {
  return "<label class=\"field\"><span>" + std::string{label} + " · " +
         std::string{words.optional} + "</span><input" + attribute("name", name) +
         attribute("value", value) + std::string{more} + "></label>";
}

}  // namespace

const page_words& words_for(const http::request& asked) {
  const std::string_view target = asked.target;
  const auto query =
      http::parse_query(target.substr(std::min(target.find('?'), target.size() - 1) + 1));
  std::string_view lang = http::find_header(asked.headers, "Accept-Language").value_or("");
  if (query) lang = http::find_field(*query, "lang").value_or(lang);
  return to_lower_ascii(lang.substr(0, 2)) == "pt" ? portuguese : english;
}

std::string count(const page_words& words, std::int64_t number, std::string_view one,
                  std::string_view many) {
  const bool is_one = number == 1 || (number == 0 && words.lang != "en");
  return std::to_string(number) + " " + std::string{is_one ? one : many};
}

http::response make_page(const frame& around, std::string_view main) {
  std::string html =
      "<!doctype html>\n<html" + attribute("lang", around.lang) +
      "><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
      "<meta name=\"color-scheme\" content=\"light dark\"><title>" +
      escape_html(around.title) + "</title><link rel=\"stylesheet\"" +
      attribute("href", around.up + path_of(find_asset("page.css"))) + "><link rel=\"icon\"" +
      attribute("href", around.up + path_of(find_asset("icon.svg"))) + ">" + around.head +
      "</head>\n<body class=\"narrow\"><header class=\"site\"><a class=\"brand\"" +
      attribute("href", around.up.empty() ? "./" : around.up) + ">comments</a></header>\n<main>\n";
  html.append(main).append("\n</main></body></html>\n");
  return {.headers = {{"Content-Type", "text/html; charset=utf-8"}}, .body = std::move(html)};
}

std::string page_policy(std::span<const std::string> origins) {
  std::string policy =
      "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
      "base-uri 'none'; frame-ancestors 'self'";
  for (const std::string& origin : origins) policy += " " + origin;
  return policy;
}

// What every answer has (nosniff) the adapter adds.
void protect(http::response& answer, std::string_view policy, std::string_view referrer) {
  answer.headers.emplace_back("Content-Security-Policy", policy);
  answer.headers.emplace_back("Referrer-Policy", referrer);
  answer.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
}

std::string write_form(const page_words& words, std::string_view action, const written& typed,
                       std::string_view wrong) {
  const auto mark = [wrong](std::string_view pointer) {
    return wrong.find(pointer) == wrong.npos ? "" : " aria-invalid=\"true\"";
  };
  const std::string title = typed.parent_id.empty()
                                ? std::string{words.write}
                                : std::string{words.answer} + " " + typed.answers;
  return "<form id=\"write\" class=\"write\" method=\"post\"" + attribute("action", action) +
         "><h2>" + escape_html(title) + "</h2><label class=\"field\"><span>" +
         std::string{words.text} +
         "</span><textarea name=\"body\" rows=\"6\" required dir=\"auto\"" + mark("/body") + ">\n" +
         escape_html(typed.body) + "</textarea></label><div class=\"fields\">" +
         field(words.name, words, "name", typed.name,
               std::string{" autocomplete=\"nickname\""} + mark("/author/name")) +
         field(words.email, words, "email", typed.email,
               std::string{" type=\"email\" autocomplete=\"email\""} + mark("/author/email")) +
         "</div><label class=\"trap\" aria-hidden=\"true\">Website<input name=\"trap\" "
         "tabindex=\"-1\" autocomplete=\"off\"></label>" +
         hidden("parent_id", typed.parent_id) + hidden("answers", typed.answers) +
         hidden("form", typed.form) + hidden("key", typed.key) + "<div class=\"bar\"><small>" +
         escape_html(words.markdown) + "</small><button class=\"primary\">" +
         std::string{words.post} + "</button></div></form>";
}

}  // namespace server
