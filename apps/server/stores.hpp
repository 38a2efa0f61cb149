#pragma once
// stores.hpp - opens the store that `--store` names: memory:, sqlite:FILE, or a connection string
// of PostgreSQL.

#include "log.hpp"
#include "options.hpp"

#include <comments/deployments/deployment_log.hpp>
#include <comments/result.hpp>
#include <comments/store.hpp>

#include <memory>
#include <string>

namespace server {

// A store of comments that is a log of deployments as well.
struct opened_store {
  std::unique_ptr<comments::store> comments{};
  comments::deployment_log* deployments{};  // the same object, and never null
};

// Opens the store, or creates it, and brings its schema up to date. Later failures are logged. The
// store borrows `log`.
comments::result<opened_store> open_store(const options& chosen, log& log);

// Returns the file of a store "sqlite:FILE".
std::string file_of(const std::string& store);

// Returns what `--store` says, without the secrets in it.
std::string describe_store(const std::string& name);

// `comments-server migrate`: opens the store, which brings its schema up to date, and closes it.
// Returns the exit code.
int migrate(const options& chosen);

}  // namespace server
