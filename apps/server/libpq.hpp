#pragma once
// libpq.hpp - loads PostgreSQL's client library when a store of it is opened.
//
// It brings two dozen libraries along, which a server with SQLite would load at each start and keep
// in memory. So libpq.cpp defines the functions that the store calls, and each passes its call on.

#include <string>

namespace server {

// Loads the library, the first time, and returns "", or why that is not possible; then none of its
// functions may be called. Any thread.
std::string load_libpq();

}  // namespace server
