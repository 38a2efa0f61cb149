#pragma once
// stores.hpp - the store that `--store` names: memory:, sqlite:FILE, or a connection string of
// PostgreSQL.

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

// Opens it, makes it if it is not there, and brings its schema up to date. What goes wrong later
// stands in the log.
comments::result<opened_store> open_store(const options& chosen, log& log);

// What `--store` says, without what is secret in it.
std::string describe_store(const std::string& name);

// `comments-server migrate`: opening a store is all that there is to it. The exit code.
int migrate(const options& chosen);

}  // namespace server
