// own_store - comments kept where the host wants them: a `store` of one's own.
//
// A store is a class with the functions of <comments/store.hpp>, where stands what each of them
// owes. This one keeps nothing itself: it passes everything on to another store, and what it says
// of its own it does in its way. One for another database derives from `comments::store` and says
// its SQL in all of them.

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

  mutable std::atomic<int> reads{};  // atomic: a store is called from any thread
  std::atomic<int> writes{};
};

int main() {
  comments::memory_store memory;
  counting_store store{memory};
  comments::service service{store};

  const auto posted = service.post({.content_id = "1", .body = "Primeiro Post!"});
  const auto invalid = service.post({.content_id = "1", .body = ""});  // comes no further than here
  const auto page = service.list({.content_id = "1"});
  std::cout << store.writes << " write, " << store.reads << " read\n";
  return posted && !invalid && page && store.writes == 1 && store.reads == 1 ? 0 : 1;
}
