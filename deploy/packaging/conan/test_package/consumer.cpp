#include <comments/comments.hpp>

int main() {
  comments::memory_store store;
  comments::service service{store};
  return service.post({.content_id = "1", .body = "Oi"}) ? 0 : 1;
}
