// Lists that are kept, against lists that are made anew each time.

#include <comments/api/list_routes.hpp>

#include <comments/api/legacy_list.hpp>
#include <comments/http/gzip.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <new>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/api.hpp"
#include "support/faulty_store.hpp"
#include "support/parallel.hpp"
#include "support/size.hpp"

using namespace comments;
using namespace comments::http;
using namespace testing;

namespace {

const std::string list_path = "/api/v1/comments?content_id=1";
const std::string legacy_path = "/api/comment/list/1";

// All of an answer but its request's name, and `body` with what comes behind it.
std::string text_of(const response& answer) {
  std::string text = std::to_string(answer.status);
  for (const auto& [name, value] : answer.headers)
    if (name != "X-Request-Id") text += "\n" + name + ": " + value;
  text += "\n\n" + answer.body;
  if (!answer.rest) return text;
  chunk next;
  do {
    next = answer.rest([] {});
    CHECK(next.bytes.size() <= legacy_list::chunk_bytes_max);
    CHECK(next.then != chunk::state::waiting);
    text += next.bytes;
  } while (next.then == chunk::state::more);
  return text + (next.then == chunk::state::broken ? "broken" : "");
}

// A store on which something happens behind the next look at a version, or the next page.
class eventful_store final : public forwarding_store {
 public:
  using forwarding_store::forwarding_store;

  std::function<void()> after_contents{};
  std::function<void()> after_list{};

  result<page> list(const query& query) const override {
    auto answer = inner().list(query);
    if (after_list) after_list();
    return answer;
  }
  result<std::vector<content>> contents(std::span<const std::string> ids) const override {
    auto answer = inner().contents(ids);
    if (after_contents) after_contents();
    return answer;
  }
};

void insert(store& to, std::string body, std::string content_id = "1") {
  REQUIRE(to.insert({{.content_id = std::move(content_id), .body = std::move(body)}}, some_moment));
}

std::uint64_t count(const service& of, const std::string& what) {
  return of.metrics().counter_of("comments_page_cache_" + what + "_total", "").value();
}

}  // namespace

TEST_CASE("the second asking is answered from memory, with the same bytes and one look") {
  memory_store memory{0};
  for (int i = 0; i < 3; ++i) insert(memory, "Oi");
  faulty_store store{memory};
  service service{store};
  const client api{testing::all_routes(service)};
  for (const std::string& target : {list_path + "&limit=2", legacy_path}) {
    const std::string first = text_of(api.get(target));
    const std::size_t calls = store.calls();
    CHECK(text_of(api.get(target)) == first);
    CHECK(store.calls() == calls + 1);
  }
  CHECK(count(service, "hits") == 2);
  CHECK(count(service, "misses") == 2);
}

TEST_CASE("no content's list is taken for another's, however their ids are made") {
  backstage behind;
  const client api{testing::all_routes(behind.comments)};
  const std::string ids[] = {"1",      "1 gzip",   "gzip 1",   "1%20gzip",
                             "list 1", "legacy 1", "1&limit=9"};
  for (const std::string& id : ids)
    for (int i = 0; i < 3; ++i) insert(behind.store, id + std::string(1'000, 'a'), id);
  const fields takes_gzip{{"Accept-Encoding", "gzip"}};
  for (int round = 0; round < 2; ++round)
    for (const std::string& id : ids)
      for (const std::string& target :
           {"/api/comment/list/" + percent_encode(id),
            "/api/v1/comments?limit=2&content_id=" + percent_encode(id)}) {
        CAPTURE(target);
        const response packed = api.get(target, takes_gzip), plain = api.get(target);
        CHECK(plain.body.find("\"" + id + "aaa") != plain.body.npos);
        CHECK(header(plain, "Content-Encoding") == "");
        CHECK(header(packed, "Content-Encoding") == "gzip");
        CHECK(packed.body == gzip(plain.body));
        CHECK(header(packed, "ETag") == header(plain, "ETag"));
      }
  const std::string first = list_path + "&limit=1";
  const std::string cursor = read(api.get(first)).at("next");
  CHECK(api.get(first + "&cursor=" + cursor, takes_gzip).status == 200);
  for (const char* more : {"%20gzip", "+gzip", "%20", "%00"})
    CHECK(api.get(first + "&cursor=" + cursor + more, takes_gzip).status == 400);
}

TEST_CASE("a list is made once, however it is asked for") {
  backstage behind;
  const client api{testing::all_routes(behind.comments)};
  for (int i = 0; i < 3; ++i) insert(behind.store, "Oi");
  const std::string first = text_of(api.get(list_path));
  for (const char* more : {"&x=1", "&limit=50", "&limit=0050", "&sort=oldest", "&sort=oldest&y=2"})
    CHECK(text_of(api.get(list_path + more)) == first);
  CHECK(text_of(api.get("/api/v1/comments?y&%63ontent_id=%31")) == first);
  CHECK(count(behind.comments, "misses") == 1);
  const auto ask = [&](effort effort) {
    return api.send({.method = "GET", .target = list_path + "&limit=2", .effort = effort});
  };
  CHECK(ask(effort::memory).is_deferred);
  CHECK(count(behind.comments, "misses") == 1);  // not yet
  CHECK(ask(effort::rest).status == 200);
  CHECK(count(behind.comments, "misses") == 2);
}

TEST_CASE("304 takes one look at the version, whether the list is kept or not") {
  memory_store memory{0};
  for (int i = 0; i < 3; ++i) insert(memory, "Oi");
  faulty_store store{memory};
  service service{store};
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{1'000'000}}) {
    const client api{testing::all_routes(service, {.cache_bytes = bytes})};
    for (const std::string& target : {list_path + "&limit=2", legacy_path})
      for (int i = 0; i < 3; ++i) {
        const std::size_t calls = store.calls();
        const std::string tags = R"("3", "3-3-plain_1-200-524288-open", "3-emails-show")";
        CHECK(api.get(target, {{"If-None-Match", tags}}).status == 304);
        CHECK(store.calls() == calls + 1);
        if (i == 1) CHECK(api.get(target).status == 200);
      }
  }
}

TEST_CASE("a wrong request is a problem, whatever tag it has") {
  site site;
  site.say("1", "Oi");
  for (const char* wrong : {"&limit=0", "&sort=x", "&cursor=x", "&parent_id=x"})
    for (int i = 0; i < 2; ++i)
      CHECK(site.get(list_path + wrong, {{"If-None-Match", "*"}}).status >= 400);
}

TEST_CASE("a list is kept under the version that was read with it") {
  memory_store memory{0};
  eventful_store store{memory};
  service service{store};
  const client api{testing::all_routes(service)};
  for (const std::string& target : {list_path, legacy_path}) {
    insert(memory, "before");
    const auto version_in = [](const response& answer) {
      const std::string tag = header(answer, "ETag");
      return tag.substr(1, tag.find_first_of("-\"", 1) - 1);
    };
    const auto size = [](const response& answer) {
      const auto read = testing::read(answer);
      return std::to_string((read.is_array() ? read : read.at("items")).size());
    };
    // Posted between the look at the version and the page.
    store.after_contents = [&] { insert(memory, "between"); };
    const response first = api.get(target);
    store.after_contents = {};
    CHECK(version_in(first) == size(first));
    const response second = api.get(target);
    CHECK(text_of(second) == text_of(first));
    // Posted behind the page.
    insert(memory, "more");
    store.after_list = [&] { insert(memory, "behind"); };
    const response third = api.get(target);
    store.after_list = {};
    CHECK(version_in(third) == size(third));
    const response fourth = api.get(target);
    CHECK(version_in(fourth) == size(fourth));
    CHECK(std::stoi(size(fourth)) == std::stoi(size(third)) + 1);
  }
}

TEST_CASE("a legacy list that changed while it was read is not kept") {
  memory_store memory{0};
  eventful_store store{memory};
  service service{store, {.page_max = 2}};
  const client api{testing::all_routes(service)};
  for (int i = 0; i < 5; ++i) insert(memory, "Oi");
  store.after_list = [&] { insert(memory, "later"); };
  const response first = api.get(legacy_path);
  CHECK(header(first, "ETag") == "\"5-emails-show\"");
  CHECK(read(first).size() == 5);
  store.after_list = {};
  CHECK(read(api.get(legacy_path)).size() == 8);
  CHECK(count(service, "hits") == 0);
}

TEST_CASE("contents without comments take no memory") {
  site site;
  for (int i = 0; i < 20; ++i)
    site.get("/api/v1/comments?content_id=none" + std::to_string(i)), site.get(legacy_path);
  CHECK(site.comments.metrics().gauge_of("comments_page_cache_bytes", "").value() == 0);
}

TEST_CASE("a long legacy list is a stream, a shorter one is whole") {
  constexpr std::size_t most = list_routes::whole_list_bytes_max;
  const std::size_t around = std::string_view{R"([{"email":"","comment":""}])"}.size();
  for (const std::size_t size : {most - 1, most, most + 1, most + 100'000}) {
    memory_store memory{0};
    service service{memory};
    const client api{testing::all_routes(service)};
    insert(memory, std::string(size - around, 'x'));
    const response answer = api.get(legacy_path);
    CHECK((answer.rest != nullptr) == (size > most));
    CHECK(answer.body.size() == std::min(size, most));
    CHECK(header(answer, "ETag") == "\"1-emails-show\"");
    CHECK(header(answer, "Content-Type") == "application/json");
    CHECK((text_of(answer) == text_of(api.get(legacy_path))));
    CHECK(count(service, "hits") == (size > most ? 0 : 1));
    CHECK(api.get(legacy_path, {{"If-None-Match", "\"1-emails-show\""}}).status == 304);
  }
}

TEST_CASE("tens of thousands of comments are a stream of all of them") {
  memory_store memory{0};
  const std::size_t number = testing::size(20'000u, 100'000u);
  for (std::size_t i = 0; i < number; ++i) insert(memory, std::to_string(i));
  service service{memory};
  const client api{testing::all_routes(service)};
  const response answer = api.get(legacy_path);
  REQUIRE(answer.rest);
  insert(memory, "later");
  CHECK(answer.body.size() <= list_routes::whole_list_bytes_max);
  const std::string text = text_of(answer);
  const auto list = nlohmann::json::parse(text.substr(text.find("\n\n") + 2));
  REQUIRE(list.size() == number);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < list.size(); ++i) wrong += list[i].at("comment") != std::to_string(i);
  CHECK(wrong == 0);
}

TEST_CASE("a stream whose store fails or throws is broken") {
  memory_store memory{0};
  for (int i = 0; i < 3000; ++i) insert(memory, std::string(200, 'x'));
  for (const bool throws : {false, true}) {
    eventful_store eventful{memory};
    faulty_store store{eventful, throws ? 0u : 60u};  // of some 94 readings
    service service{store};
    const client api{testing::all_routes(service)};
    const response answer = api.get(legacy_path);
    REQUIRE(answer.rest);
    if (throws) eventful.after_list = [] { throw std::bad_alloc{}; };
    CHECK(text_of(answer).ends_with("broken"));
  }
}

TEST_CASE("an API that keeps lists answers as one that makes each anew, whatever is posted") {
  backstage behind;
  const std::size_t budgets[] = {0, 40'000, 200'000, 67'108'864};
  std::vector<client> apis;
  for (const std::size_t bytes : budgets)
    apis.emplace_back(testing::all_routes(behind.comments, {.cache_bytes = bytes}));
  std::mt19937 random{20'261'123};
  const auto pick = [&](auto... choices) {
    const std::string all[] = {choices...};
    return all[random() % std::size(all)];
  };
  std::vector<std::string> links, parents{""};
  for (int step = 0; step < testing::size(1000, 3000); ++step) {
    const std::string id = pick("1", "2", "a%20b", "none");
    if (random() % 8 == 0) {
      nlohmann::json draft{{"content_id", id == "a%20b"  ? "a b"
                                          : id == "none" ? "3"
                                                         : id},
                           {"body", std::string(random() % 300, 'x') + "\"\n\xc3\xa7"}};
      const auto& by = apis[random() % apis.size()];
      const response posted = by.post("/api/v1/comments", draft.dump());
      REQUIRE(posted.status == 201);
      parents.push_back(read(posted).at("id"));
      continue;
    }
    std::string target =
        random() % 4 == 0
            ? "/api/comment/list/" + id
            : "/api/v1/comments?" + pick("", "x=1&", "%78=1&", "content_id=2&") +
                  "content_id=" + id + pick("", "&limit=1", "&limit=3", "&limit=0", "&limit=200") +
                  pick("", "&sort=top", "&sort=newest", "&sort=x") + pick("", "&y", "&", "#z");
    if (random() % 6 == 0) target += "&parent_id=" + parents[random() % parents.size()];
    if (!links.empty() && random() % 4 == 0) target = links[random() % links.size()];
    fields headers{{"X-Request-Id", "one"}};
    if (random() % 4 == 0)
      headers.emplace_back("If-None-Match", "\"" + std::to_string(random() % 100) +
                                                pick("\"", "-3-plain_1-200-524288-open\""));
    CAPTURE(target);
    request asked{.method = pick("GET", "GET", "HEAD"),
                  .target = target,
                  .headers = headers,
                  .prefix = pick("", "", "/p")};
    const response first = apis.front().send(asked);
    for (const client& one : apis) REQUIRE(text_of(one.send(asked)) == text_of(first));
    const std::string link = header(first, "Link");
    if (!link.empty() && asked.prefix.empty()) links.push_back(link.substr(1, link.find('>') - 1));
  }
  CHECK(count(behind.comments, "hits") > testing::size<std::uint64_t>(50, 100));
  CHECK(count(behind.comments, "evictions") > testing::size<std::uint64_t>(3, 10));
}

TEST_CASE(
    "a client that posted reads it back, and each list is of its version, whatever others do") {
  constexpr int threads = 4, posts = 40;
  site site;
  std::atomic<int> wrong{};
  const auto api = testing::all_routes(site.comments, {.cache_bytes = 500'000});
  const auto version_in = [](const response& answer) {
    return std::stoll(header(answer, "ETag").substr(1));
  };
  in_parallel(threads, [&](int thread) {
    std::int64_t least = 0;
    for (int i = 0; i < posts; ++i) {
      if (thread < 2) {
        const response posted = api({.method = "POST",
                                     .target = "/api/v1/comments",
                                     .headers = {{"Content-Type", "application/json"}},
                                     .body = R"({"content_id":"1","body":"Oi"})"});
        wrong += posted.status != 201;
        least = version_in(posted);
      }
      for (const std::string& target : {list_path + "&limit=200", legacy_path}) {
        const response answer = api({.method = "GET", .target = target});
        if (answer.status == 404) continue;
        const auto body = nlohmann::json::parse(answer.body);
        const auto size = (body.is_array() ? body : body.at("items")).size();
        const std::int64_t version = version_in(answer);
        wrong += static_cast<std::int64_t>(size) != version || version < least;
        least = version;
      }
    }
  });
  CHECK(wrong == 0);
  CHECK(read(site.get(legacy_path)).size() == 2 * posts);
}
