#pragma once
// libpq.hpp - loads PostgreSQL's client library when a store of it is opened.
//
// It brings two dozen libraries along, which a server with SQLite would load at each start and keep
// in memory. So libpq.cpp defines the functions that the store calls, and each passes its call on.

#include <comments/result.hpp>

namespace server {

// Loads the library, the first time. Before that, and if it returns an error, none of its functions
// may be called. Any thread.
comments::result<comments::done> load_libpq();

}  // namespace server
