#pragma once
// copy.hpp - `comments-server copy --from … --to …`: copies everything from one store to another.

#include "options.hpp"

namespace server {

// Shows the progress on stdout, and at the end the number of rows and the checksum of each table.
// Returns the exit code: 0 once both stores hold the same, 1 if copying failed, 2 if a store cannot
// be opened. A failure has one line on stderr.
int copy(const options& chosen);

}  // namespace server
