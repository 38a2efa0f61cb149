#include <comments/comments.hpp>
#include <comments/store/postgres.hpp>

// A database that is not there is refused, soon and with a reason.
int main() {
  const auto store = comments::postgres_store::open(
      {.conninfo = "postgresql://127.0.0.1:1/comments", .opening_wait = {}});
  return !store && !store.error().message.empty() ? 0 : 1;
}
