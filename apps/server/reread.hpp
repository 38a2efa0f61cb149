#pragma once
// reread.hpp - what stands in files that the options name, and is read again on SIGHUP: secrets and
// blocked words.
//
//   auto held = read_files(chosen);            // a fault names its option
//   chosen.held->secrets.set(held->secrets);

#include <comments/auth/bearer.hpp>
#include <comments/moderation.hpp>
#include <comments/renderer.hpp>
#include <comments/replaceable.hpp>
#include <comments/result.hpp>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace server {

// A secret's file is read up to this; a longer one is no secret.
inline constexpr std::size_t secret_bytes_max = 4096;

// The files; an empty name is none.
struct file_names {
  std::string moderator_token{};
  std::string deploy_token{};
  std::string sso_secret{};
  std::string blocked_words{};
  comments::plain_reader shown{};  // how comments are shown, which blocked words are looked for in
};

// What was read from them, beside what was given without a file.
struct file_values {
  comments::auth::secrets secrets{};
  comments::rule blocked_words{};       // empty without a file
  std::vector<std::string> readable{};  // options whose files everybody on the machine can read
};

// Reads the files. What no file holds is as in `given`. A fault, which shows no secret, names its
// option: a file that is not there, empty, too long, of several lines, or that others can write; a
// secret that none can be.
comments::result<file_values> read_files(const file_names& names,
                                         const comments::auth::secrets& given);

// What the files hold now, for whoever uses it meanwhile.
struct file_settings {
  explicit file_settings(file_values first)
      : secrets{std::move(first.secrets)}, blocked_words{std::move(first.blocked_words)} {}

  comments::replaceable<comments::auth::secrets> secrets;
  comments::replaceable<comments::rule> blocked_words;
};

}  // namespace server
