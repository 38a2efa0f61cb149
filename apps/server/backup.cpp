#include "copy.hpp"
#include "stores.hpp"

#include <comments/clock.hpp>
#include <comments/store/sqlite/backup.hpp>

#include <iostream>
#include <string>
#include <string_view>

namespace server {

using namespace comments;

namespace {

// Returns why a store has no file that could be copied, or nothing.
std::string_view kind_problem(const std::string& store) {
  if (store == "memory:") return "it keeps nothing, so there is no file to copy";
  if (is_postgres(store))
    return "PostgreSQL has programs of its own for this: pg_dump and pg_restore";
  return "";
}

int refuse(const options& chosen, const error& why) {
  return fail(why.code == errc::not_found ? 2 : 1,
              "--store " + describe_store(chosen.store) + ": " + why.message);
}

}  // namespace

int back_up(const options& chosen) {
  if (const auto problem = kind_problem(chosen.store); !problem.empty())
    return fail(2, "--store " + describe_store(chosen.store) + ": " + std::string{problem});
  const auto made = sqlite::back_up(file_of(chosen.store), chosen.file);
  if (!made) return refuse(chosen, made.error());
  std::cout << "backup: " << made->path << ", " << made->size << " bytes" << std::endl;
  return 0;
}

int restore(const options& chosen) {
  if (const auto problem = kind_problem(chosen.store); !problem.empty())
    return fail(2, "--store " + describe_store(chosen.store) + ": " + std::string{problem});
  const auto done = sqlite::restore(chosen.file, file_of(chosen.store), system_clock()());
  if (!done) return refuse(chosen, done.error());
  std::cout << "restored: " << done->path << ", " << done->comments << " comments\n";
  if (!done->kept.empty()) std::cout << "kept: " << done->kept << ", the database before\n";
  std::cout.flush();
  return 0;
}

}  // namespace server
