#include <comments/comments.hpp>
#include <comments/store/postgres.hpp>

#include <chrono>

// A database that is not there is refused, soon and with a reason.
int main() {
  const auto store = comments::postgres_store::open(
      {.conninfo = "postgresql://127.0.0.1:1/comments", .opening_wait = std::chrono::milliseconds{}});
  return !store && !store.error().message.empty() ? 0 : 1;
}
