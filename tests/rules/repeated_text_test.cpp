#include <comments/rules/repeated_text.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

using namespace comments;
using namespace std::chrono_literals;

namespace {

const instant start = from_milliseconds(1'700'000'000'000);
const verdict repeated = refuse({{"/body", "repeated"}}, "repeated text");

draft saying(std::string body) { return {.content_id = "1", .body = std::move(body)}; }
arrival from(std::string client, instant now = start) {
  return {.now = now, .client = std::move(client)};
}

}  // namespace

TEST_CASE("the same text from the same client is refused") {
  const rule ask = rules::repeated_text();
  CHECK(ask(saying("Buy now!"), from("a")) == accept());
  CHECK(ask(saying("Buy now!"), from("a")) == repeated);
  CHECK(ask(saying("Buy later!"), from("a")) == accept());
  CHECK(ask(saying("Buy now!"), from("b")) == accept());
}

TEST_CASE("the same text from another address of the same network is refused") {
  const rule ask = rules::repeated_text();
  const auto from_network = [](std::string client, std::string network) {
    return arrival{.now = start, .client = std::move(client), .network = std::move(network)};
  };
  CHECK(ask(saying("Buy now!"), from_network("a", "n")) == accept());
  CHECK(ask(saying("Buy now!"), from_network("b", "n")) == repeated);
  CHECK(ask(saying("Buy now!"), from_network("b", "m")) == accept());
}

TEST_CASE("another content makes it no other text") {
  const rule ask = rules::repeated_text();
  CHECK(ask({.content_id = "1", .body = "Buy now!"}, from("a")) == accept());
  CHECK(ask({.content_id = "2", .body = "Buy now!"}, from("a")) == repeated);
}

TEST_CASE("other spaces, invisible characters and ASCII capitals make it no other text") {
  const rule ask = rules::repeated_text();
  CHECK(ask(saying("Buy now, é!"), from("a")) == accept());
  for (const auto* text : {"buy NOW, é!", " Buy\n\nnow,é! ", "B\u200bu\u00ady now, é\ufeff!"})
    CHECK(ask(saying(text), from("a")) == repeated);
  CHECK(ask(saying("Buy now, e!"), from("a")) == accept());
  CHECK(ask(saying("Buy now, É!"), from("a")) == accept());
}

TEST_CASE("a text may come again when the window has passed since it was first said") {
  const rule ask = rules::repeated_text({.window = 100ms});
  CHECK(ask(saying("x"), from("a")) == accept());
  CHECK(ask(saying("x"), from("a", start + 99ms)) == repeated);
  CHECK(ask(saying("x"), from("a", start + 100ms)) == accept());
  CHECK(ask(saying("x"), from("a", start + 199ms)) == repeated);
  CHECK(ask(saying("x"), from("a", start - 1h)) == repeated);  // a clock that was set back
}

TEST_CASE("a retry under the same idempotency key passes, another key or none does not") {
  const rule ask = rules::repeated_text();
  draft keyed = saying("x");
  keyed.key = "k1";
  CHECK(ask(keyed, from("a")) == accept());
  CHECK(ask(keyed, from("a")) == accept());
  CHECK(ask(saying("x"), from("a")) == repeated);
  keyed.key = "k2";
  CHECK(ask(keyed, from("a")) == repeated);
  CHECK(ask(saying("y"), from("a")) == accept());
  keyed.body = "y";
  CHECK(ask(keyed, from("a")) == repeated);
}

TEST_CASE("a signed-in author is the same one from any client") {
  const rule ask = rules::repeated_text();
  draft ana = saying("x");
  ana.author = {.name = "Ana", .email = "ana@example.com", .verified = true};
  CHECK(ask(ana, from("a")) == accept());
  CHECK(ask(ana, from("b")) == repeated);
  ana.author.email = "other@example.com";
  CHECK(ask(ana, from("b")) == accept());
  ana.author.subject = "17";
  CHECK(ask(ana, from("c")) == accept());
  ana.author.email = "ana@example.org";
  CHECK(ask(ana, from("d")) == repeated);
}

TEST_CASE("a claimed name does not count as the author of that name") {
  const rule ask = rules::repeated_text();
  draft claimed = saying("Obrigado!");
  claimed.author.email = "ana@example.com";
  CHECK(ask(claimed, from("stranger")) == accept());
  CHECK(ask(claimed, from("ana")) == accept());
  draft signed_in = claimed;
  signed_in.author.verified = true;
  CHECK(ask(signed_in, from("her telephone")) == accept());
}

TEST_CASE("where no client is known, the claimed author counts") {
  const rule ask = rules::repeated_text();
  draft claimed = saying("x");
  claimed.author.email = "ana@example.com";
  CHECK(ask(claimed, {}) == accept());
  CHECK(ask(claimed, {}) == repeated);
  claimed.author.email = "other@example.com";
  CHECK(ask(claimed, {}) == accept());
}

TEST_CASE("writer and text do not run together like another pair") {
  const rule ask = rules::repeated_text();
  CHECK(ask(saying("bc"), from("a")) == accept());
  CHECK(ask(saying("c"), from("ab")) == accept());
}

TEST_CASE("as many texts are remembered as allowed, and the stalest makes room") {
  const rule ask = rules::repeated_text({.texts_max = 2});
  CHECK(ask(saying("1"), from("a")) == accept());
  CHECK(ask(saying("2"), from("a")) == accept());
  CHECK(ask(saying("1"), from("a")) == repeated);
  CHECK(ask(saying("3"), from("a")) == accept());
  CHECK(ask(saying("1"), from("a")) == repeated);
  CHECK(ask(saying("2"), from("a")) == accept());
}

TEST_CASE("of one text that many threads bring at once, one passes") {
  const rule ask = rules::repeated_text();
  std::atomic<int> accepted{};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (int text = 0; text < 100; ++text)
        accepted += ask(saying(std::to_string(text)), from("a")) == accept();
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(accepted == 100);
}

TEST_CASE("spaces go, and everything else stays") {
  CHECK(rules::without_spaces("") == "");
  CHECK(rules::without_spaces(" A\tz\u3000\u200b!\U0001f600") == "az!\U0001f600");
  CHECK(rules::without_spaces("A \xff") == "A \xff");
}

TEST_CASE("a text that was not stored may come again, and one that was may not") {
  // A post without a key, refused by a rate, was "repeated" when it came again.
  const rule ask = rules::repeated_text();
  const verdict first = ask(saying("x"), from("a"));
  REQUIRE(first.forget);
  first.forget();
  CHECK(ask(saying("x"), from("a")) == accept());
  CHECK(ask(saying("x"), from("a")) == repeated);
}

TEST_CASE("a retry that was not stored takes nothing away from the first one") {
  const rule ask = rules::repeated_text();
  draft keyed = saying("x");
  keyed.key = "k1";
  CHECK(ask(keyed, from("a")) == accept());
  if (const verdict retried = ask(keyed, from("a")); retried.forget) retried.forget();
  CHECK(ask(saying("x"), from("a")) == repeated);
}

TEST_CASE("the same key on another content is no retry") {
  // One text with one key could be posted on every content.
  const rule ask = rules::repeated_text();
  CHECK(ask({.content_id = "1", .body = "x", .key = "k"}, from("a")) == accept());
  CHECK(ask({.content_id = "2", .body = "x", .key = "k"}, from("a")) == repeated);
}

TEST_CASE("an edit may change a capital and be taken back, and not say what another comment says") {
  // Whoever corrected "primeiro" to "Primeiro" repeated themselves.
  const rule ask = rules::repeated_text();
  const auto edit = [&](std::string before, std::string body) {
    const draft written{.content_id = "1", .body = std::move(body), .key = "the comment's id"};
    const arrival how{.now = start, .client = "a", .is_edit = true, .before = std::move(before)};
    return ask(written, how);
  };
  CHECK(ask(saying("other"), from("a")) == accept());
  CHECK(ask(saying("primeiro"), from("a")) == accept());
  CHECK(edit("primeiro", "Primeiro") == accept());
  CHECK(edit("Primeiro", "Primeiro post") == accept());
  CHECK(edit("Primeiro post", "primeiro") == accept());
  CHECK(edit("primeiro", "Other") == repeated);
  CHECK(ask(saying("primeiro"), from("a")) == repeated);
}
