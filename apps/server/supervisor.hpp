#pragma once
// supervisor.hpp - what a supervisor such as systemd hands over, and what it is told.
//
// A socket that listens already is handed over as sd_listen_fds(3) says: LISTEN_PID is this
// process, LISTEN_FDS is how many, and the first is 3. The supervisor is told of changes by a
// datagram to the socket that NOTIFY_SOCKET names (sd_notify(3)).

#include <comments/result.hpp>

#include <optional>
#include <string_view>

namespace server {

// Returns the descriptor of the socket that was handed over, or nothing if none was. `invalid` if
// there are several.
comments::result<std::optional<int>> passed_socket();

// Tells the supervisor, if there is one: "READY=1", "RELOADING=1", "STOPPING=1". What fails is
// ignored.
void notify_supervisor(std::string_view state);

}  // namespace server
