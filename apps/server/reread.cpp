#include "reread.hpp"

#include <comments/rules/blocked_words.hpp>

#include <sys/stat.h>

#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace server {

using namespace comments;

namespace {

error wrong_option(const std::string& option, const std::string& why) {
  return {errc::invalid, option + ": " + why};
}

// Returns the contents of a file, or nothing if it cannot be read (because it is a folder, say).
std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  std::string text;
  char some[4096];
  while (file.read(some, sizeof some) || file.gcount() > 0)
    text.append(some, static_cast<std::size_t>(file.gcount()));
  return file.eof() ? std::optional{std::move(text)} : std::nullopt;
}

// Returns the file's only line. Sets `is_readable` if everybody can read the file: Docker hands
// secrets out so, in a container of their own; elsewhere it is worth a word.
result<std::string> read_secret(const std::string& option, const std::string& path,
                                bool& is_readable) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) return wrong_option(option, "the file cannot be read");
  if (!S_ISREG(about.st_mode)) return wrong_option(option, "it is no file");
  if ((about.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return wrong_option(option, "others than its owner can write the file");
  if (about.st_size > static_cast<off_t>(secret_bytes_max))
    return wrong_option(option, "the file may have " + std::to_string(secret_bytes_max) + " bytes");
  auto text = read_file(path);
  if (!text) return wrong_option(option, "the file cannot be read");
  if (text->ends_with('\n')) text->pop_back();
  if (text->ends_with('\r')) text->pop_back();
  if (text->empty()) return wrong_option(option, "the file is empty");
  if (text->find_first_of(std::string_view{"\r\n\0", 3}) != text->npos)
    return wrong_option(option, "the file must have one line");
  is_readable = (about.st_mode & S_IROTH) != 0;
  return std::move(*text);
}

// Returns a fault of one of the tokens or of both together. The option is the file's, if the token
// came from one.
result<done> check_tokens(const auth::secrets& chosen, const file_names& names) {
  const std::string moderators = names.moderator_token.empty() ? "" : "-file";
  const std::string pipelines = names.deploy_token.empty() ? "" : "-file";
  const std::pair<std::string, auth::secrets> parts[] = {
      {"--moderator-token" + moderators, {.moderator_token = chosen.moderator_token}},
      {"--deploy-token" + pipelines, {.deploy_token = chosen.deploy_token}},
      {"--deploy-token" + pipelines, chosen}};
  for (const auto& [option, some] : parts)
    if (auto fine = auth::check_secrets(some); !fine)
      return wrong_option(option, fine.error().message);
  return ok();
}

}  // namespace

result<file_values> read_files(const file_names& names, const auth::secrets& given) {
  file_values read{.secrets = given};
  const std::tuple<std::string, const std::string&, std::string&> secrets[] = {
      {"moderator-token", names.moderator_token, read.secrets.moderator_token},
      {"deploy-token", names.deploy_token, read.secrets.deploy_token},
      {"sso-secret", names.sso_secret, read.secrets.site.secret}};
  for (const auto& [name, path, secret] : secrets) {
    const std::string option = "--" + name + "-file";
    if (path.empty()) continue;
    bool is_readable = false;
    auto text = read_secret(option, path, is_readable);
    if (!text) return std::move(text).error();
    secret = std::move(*text);
    if (is_readable) read.readable.push_back(name + "-file");
  }
  if (auto fine = check_tokens(read.secrets, names); !fine) return std::move(fine).error();
  if (names.blocked_words.empty()) return read;
  const auto text = read_file(names.blocked_words);
  if (!text) return wrong_option("--blocked-words", "the file cannot be read");
  auto words = rules::word_list::parse(*text);
  if (!words) return wrong_option("--blocked-words", words.error().message);
  read.blocked_words = rules::blocked_words(std::move(*words), names.shown);
  return read;
}

}  // namespace server
