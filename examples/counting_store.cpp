// counting_store - a store that stands in front of another one and counts the calls.
//
// A class that derives from `forwarding_store` overrides only the functions that it changes, and
// passes all other calls on. A store for another database derives from `store` and implements all
// of its functions, as own_store.hpp does.

#include <comments/comments.hpp>

#include <atomic>
#include <iostream>

class counting_store final : public comments::forwarding_store {
 public:
  using forwarding_store::forwarding_store;

  comments::result<comments::post_result> insert(const comments::insertion& wanted,
                                                 comments::instant now) override {
    ++writes;
    return inner().insert(wanted, now);
  }
  comments::result<comments::page> list(const comments::query& query) const override {
    ++reads;
    return inner().list(query);
  }

  mutable std::atomic<int> reads{};  // atomic, because any thread may call a store
  std::atomic<int> writes{};
};

int main() {
  comments::memory_store memory;
  counting_store store{memory};
  comments::service service{store};

  const auto posted = service.post({.content_id = "1", .body = "Primeiro Post!"});
  const auto invalid = service.post({.content_id = "1", .body = ""});  // never gets to the store
  const auto page = service.list({.content_id = "1"});
  std::cout << store.writes << " write, " << store.reads << " read\n";
  return posted && !invalid && page && store.writes == 1 && store.reads == 1 ? 0 : 1;
}
