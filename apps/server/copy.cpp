#include "copy.hpp"

#include "libpq.hpp"
#include "stores.hpp"

#include <comments/store/postgres/copy.hpp>
#include <comments/store/sqlite/copy.hpp>

#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

namespace server {

using namespace comments;

namespace {

result<std::unique_ptr<copy_side>> open_side(const std::string& name, bool must_exist) {
  if (is_postgres(name)) {
    if (auto loaded = load_libpq(); !loaded) return std::move(loaded).error();
    return postgres_copy_side::open({.conninfo = name, .on_failure = [](std::string_view why) {
                                       std::cerr << "comments-server: " << why << '\n';
                                     }});
  }
  const std::string path = file_of(name);
  std::error_code ignored;
  if (must_exist && !std::filesystem::exists(path, ignored))
    return error{errc::not_found, "There is no such file."};
  return sqlite_copy_side::open({.path = path});
}

void show(const copy_progress& now) {
  std::cout << now.table << ": " << now.rows;
  if (now.checksum.empty())
    std::cout << " of " << now.total;
  else
    std::cout << " rows, checksum " << now.checksum;
  std::cout << std::endl;  // flushes, so that progress is seen as it happens
}

int refuse(const std::string& option, const std::string& name, const error& why) {
  return fail(2, option + " " + describe_store(name) + ": " + why.message);
}

}  // namespace

int copy(const options& chosen) {
  auto from = open_side(chosen.from, true);
  if (!from) return refuse("--from", chosen.from, from.error());
  auto to = open_side(chosen.to, false);
  if (!to) return refuse("--to", chosen.to, to.error());
  const auto is_copied = comments::copy(**from, **to, show);
  return is_copied ? 0 : fail(1, is_copied.error().message);
}

}  // namespace server
