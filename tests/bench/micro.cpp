// micro.cpp - what the parts of a request cost, with google-benchmark: `micro DATABASE`.
//
// DATABASE is one that seed.cpp made; a cold list is read from it, as if no cache were there.

#include <comments/api/routes.hpp>
#include <comments/json/decode.hpp>
#include <comments/json/encode.hpp>
#include <comments/service.hpp>
#include <comments/store/memory.hpp>
#include <comments/store/sqlite.hpp>

#include <benchmark/benchmark.h>

#include <iostream>
#include <memory>
#include <string>

namespace {

using namespace comments;

const std::string posted = R"({"content_id": "one", "body": "A sentence or two, and an opinion.",
  "author": {"name": "Ana", "email": "ana@example.com"}})";

std::string to_key(const comment& written) { return written.author.name; }
const json::style plain{to_key};

void decode_draft(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(json::decode_draft(posted, "", limits{}));
}

void validate_draft(benchmark::State& state) {
  const draft written = *json::decode_draft(posted, "", limits{});
  for (auto _ : state) benchmark::DoNotOptimize(validate(written, limits{}));
}

page to_page(store& store) {
  service service{store};
  for (int i = 0; i < 50; ++i) (void)service.post(*json::decode_draft(posted, "", limits{}));
  return *store.list({.content_id = "one"});
}

void encode_comment(benchmark::State& state) {
  memory_store store;
  const comment one = to_page(store).items.front();
  for (auto _ : state) benchmark::DoNotOptimize(json::encode(one, plain));
}

void encode_page(benchmark::State& state) {
  memory_store store;
  const page all = to_page(store);
  for (auto _ : state) benchmark::DoNotOptimize(json::encode(all, plain, ""));
}

http::request to_list(std::string if_none_match = {}) {
  http::request asked{.method = "GET", .target = "/api/v1/comments?content_id=one"};
  if (!if_none_match.empty()) asked.headers.emplace_back("If-None-Match", std::move(if_none_match));
  return asked;
}

// The same page again and again, through all of the routes.
void handle_list(benchmark::State& state, store& store, int status) {
  service service{store};
  const http::handler api = http::routes(service);
  const auto first = api(to_list());
  const std::string etag{http::find_header(first.headers, "ETag").value_or("")};
  const http::request asked = to_list(status == 304 ? etag : "");
  for (auto _ : state)
    if (api(http::request{asked}).status != status) return state.SkipWithError("another status");
}

void cold_list(benchmark::State& state, const store& store, const std::string& content_id) {
  for (auto _ : state)
    if (store.list({.content_id = content_id})->items.size() != 50)
      return state.SkipWithError("not a page of 50");
}

void find_one(benchmark::State& state, const store& store) {
  const comment_id id = store.list({.content_id = "one"})->items.back().id;
  for (auto _ : state) benchmark::DoNotOptimize(store.find(id));
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (argc != 2) {
    std::cerr << "usage: micro DATABASE\n";
    return 2;
  }
  const auto opened = sqlite_store::open({.path = argv[1]});
  if (!opened) {
    std::cerr << "micro: " << opened.error().message << '\n';
    return 1;
  }
  store& store = **opened;
  using benchmark::RegisterBenchmark;
  RegisterBenchmark("decode a draft", decode_draft);
  RegisterBenchmark("validate a draft", validate_draft);
  RegisterBenchmark("encode a comment", encode_comment);
  RegisterBenchmark("encode a page of 50", encode_page);
  RegisterBenchmark("list by the routes, the same page",
                    [&](auto& state) { handle_list(state, store, 200); });
  RegisterBenchmark("304 by the routes", [&](auto& state) { handle_list(state, store, 304); });
  RegisterBenchmark("list from SQLite, a content of 50",
                    [&](auto& state) { cold_list(state, store, "c0"); });
  RegisterBenchmark("list from SQLite, the large content",
                    [&](auto& state) { cold_list(state, store, "one"); });
  RegisterBenchmark("find from SQLite", [&](auto& state) { find_one(state, store); });
  benchmark::RunSpecifiedBenchmarks();
}
