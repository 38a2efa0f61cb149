#pragma once
// store/sqlite/check.hpp - looking through a whole file for damage: at once, or beside the work.
//
// SQLite meets a damaged page only when somebody needs it. `is_sound` walks through all of them, at
// 2 to 4 ms for each MB; a `background_check` does so in a thread of its own, for files that would
// keep a start waiting.
//
//   if (!sqlite::is_sound(*connection)) return sqlite::refused("it is damaged");
//   sqlite::background_check check{file};   // a failure of the verdict `damage` goes to on_failure

#include <comments/store/sqlite/connection.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace comments::sqlite {

// Whether every page is what it should be. Not whether each index has all of its table's rows.
inline bool is_sound(connection& on) {
  auto found = on.prepare("PRAGMA quick_check(1)");
  return found.step() && found.text(0) == "ok";
}

// Reads the file once, in one snapshot, and says what it found only if that is damage. Ends early
// when it is destroyed.
class background_check final {
 public:
  explicit background_check(file_options file)
      : thread_{[this, said = std::move(file)]() mutable { run(std::move(said)); }} {}
  background_check(const background_check&) = delete;
  background_check& operator=(const background_check&) = delete;
  ~background_check() {
    is_ending_ = true;
    thread_.join();
  }

 private:
  void run(file_options file) {
    const failure_listener tell = std::move(file.on_failure);
    bool is_damaged = false;
    file.on_failure = [&](verdict found, std::string_view) {
      is_damaged |= found == verdict::damage;
    };
    const auto opened = connect(file);
    if (!opened) return;
    (*opened)->stop_when(is_ending_);
    (*opened)->execute("PRAGMA query_only = ON; PRAGMA cache_size = -1024");
    is_damaged |= !is_sound(**opened) && !(*opened)->failed();
    if (is_damaged && tell) tell(verdict::damage, "the database file is damaged");
  }

  std::atomic<bool> is_ending_{};
  std::thread thread_;
};

}  // namespace comments::sqlite
