#pragma once
// store/sqlite/check.hpp - looks through a whole database file for damage: at once, or in a thread.
//
// SQLite notices a damaged page only when it needs the page. `is_sound` reads all of them, at 2 to
// 4 ms for each MB. A `background_check` does so in a thread of its own, for files so large that a
// start would have to wait long.
//
//   const sqlite::file_options file{.path = "comments.db"};
//   const auto opened = sqlite::connect(file);
//   if (!opened || !sqlite::is_sound(**opened)) throw std::runtime_error{"damaged"};
//   const sqlite::background_check check{file};  // damage goes to file.on_failure

#include <comments/config.hpp>
#include <comments/store/sqlite/connection.hpp>

#include <atomic>
#include <thread>

namespace comments::inline v0::sqlite {

// Whether every page is as it should be. Does not compare each index with its table.
bool is_sound(connection& on);

// Reads the file once, in one snapshot, on a connection of its own. Calls `on_failure` only for
// damage, from its thread. Ends early when it is destroyed.
class background_check final {
 public:
  // Throws std::system_error if there is no thread.
  explicit background_check(file_options file);
  background_check(const background_check&) = delete;
  background_check& operator=(const background_check&) = delete;
  ~background_check();

 private:
  void run(file_options file) noexcept;
  bool find_damage(file_options file);

  std::atomic<bool> is_ending_{};
  std::thread thread_;
};

}  // namespace comments::inline v0::sqlite

#ifndef COMMENTS_COMPILED
#include <comments/store/sqlite/check.ipp>
#endif
