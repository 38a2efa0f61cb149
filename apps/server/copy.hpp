#pragma once
// copy.hpp - moves everything from one store to another: `comments-server copy --from … --to …`.

#include "options.hpp"

namespace server {

// Shows how far it is on stdout, and at the end the rows and the checksum of each table. 0 once
// both sides hold the same; 1 if that failed, 2 if one of them cannot be opened, with a line on
// stderr.
int copy(const options& chosen);

}  // namespace server
