#pragma once
// copy.hpp - `comments-server copy --from … --to …`, `backup FILE` and `restore FILE`: what is done
// with whole stores.

#include "options.hpp"

namespace server {

// Copies everything from one store to another. Shows the progress on stdout, and at the end the
// number of rows and the checksum of each table. Returns the exit code: 0 once both stores hold the
// same, 1 if copying failed, 2 if a store cannot be opened. A failure has one line on stderr.
int copy(const options& chosen);

// Copy the file of --store, and put a copy in its place. Each says on stdout what it has done, and
// where that is now. Each returns the exit code: 0 if it is done, 1 if it cannot be, 2 if the store
// is of another kind, or there is no file to read. A failure has one line on stderr, and has
// changed nothing.
int back_up(const options& chosen);
int restore(const options& chosen);

}  // namespace server
