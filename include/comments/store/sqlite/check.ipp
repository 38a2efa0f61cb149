#pragma once
// store/sqlite/check.ipp - definitions of store/sqlite/check.hpp.

#include <comments/store/sqlite/check.hpp>

#include <memory>
#include <string_view>
#include <thread>
#include <utility>

namespace comments::inline v0::sqlite {

COMMENTS_INLINE bool is_sound(connection& on) {
  auto found = on.prepare("PRAGMA quick_check(1)");
  return found.step() && found.text(0) == "ok";
}

COMMENTS_INLINE background_check::background_check(file_options file)
    : thread_{[this, moved = std::move(file)]() mutable { run(std::move(moved)); }} {}

COMMENTS_INLINE background_check::~background_check() {
  is_ending_ = true;
  thread_.join();
}

// Nothing waits for the check: without memory it ends, and damage is found when it is met.
COMMENTS_INLINE void background_check::run(file_options file) noexcept {
  try {
    const failure_listener on_damage = std::move(file.on_failure);
    if (find_damage(std::move(file)) && on_damage)
      on_damage(severity::damage, "the database file is damaged");
  } catch (...) {
  }
}

COMMENTS_INLINE bool background_check::find_damage(file_options file) {
  bool is_damaged = false;
  file.on_failure = [&](severity found, std::string_view) {
    is_damaged |= found == severity::damage;
  };
  const auto opened = connect(file);
  if (!opened) return false;
  (*opened)->stop_when(is_ending_);
  (*opened)->execute("PRAGMA query_only = ON; PRAGMA cache_size = -1024");
  const bool is_well = is_sound(**opened);
  return is_damaged || (!is_well && !(*opened)->failed());
}

}  // namespace comments::inline v0::sqlite
