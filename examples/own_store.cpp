// own_store - comments kept where the host wants them: a `store` of one's own.
//
// Shows the six functions that a store is made of. This one passes everything on to another store
// and counts on the way; one for another database says its SQL in their place. What each of them
// owes stands in <comments/store.hpp>.

#include <comments/comments.hpp>

#include <atomic>
#include <iostream>

class counting_store final : public comments::store {
 public:
  explicit counting_store(comments::store& inner) : inner_{inner} {}

  comments::result<comments::posting> insert(const comments::draft& draft,
                                             comments::instant now) override {
    ++writes;
    return inner_.insert(draft, now);
  }
  comments::result<comments::comment> find(const comments::comment_id& id) const override {
    ++reads;
    return inner_.find(id);
  }
  comments::result<comments::page> list(const comments::query& query) const override {
    ++reads;
    return inner_.list(query);
  }
  comments::result<std::vector<comments::content>> contents(
      std::span<const std::string> ids) const override {
    ++reads;
    return inner_.contents(ids);
  }
  comments::result<std::vector<comments::event>> events(std::string_view content_id,
                                                        std::int64_t after,
                                                        std::size_t limit) const override {
    ++reads;
    return inner_.events(content_id, after, limit);
  }
  std::string_view signing_key() const override { return inner_.signing_key(); }
  bool is_writable() const override { return inner_.is_writable(); }  // may be left out: true

  mutable std::atomic<int> reads{};  // atomic: a store is called from any thread
  std::atomic<int> writes{};

 private:
  comments::store& inner_;
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
