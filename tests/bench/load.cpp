// load.cpp - the load generator: keep-alive requests to a server on the loopback, as JSON.
//
//   load --port 8000 --get '/api/v1/comments?content_id=c{}' --spread 100 --seconds 5
//   load … --rate 20000              at a fixed rate; latencies count from when each was due
//   load … --post TARGET --body '{"content_id":"c{}","body":"Oi!"}' --post-percent 5
//   load --port 8000 --get / --park 10000    idle connections, until stdin ends
//
// `{}` stands for a number below --spread. See load_worker.hpp for the two kinds of loop.

#include "load_worker.hpp"

#include <sys/time.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <future>
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>
#include <thread>

namespace {

using namespace bench;
using nlohmann::ordered_json;

struct options {
  struct plan plan {};
  double seconds{2};
  double warm_up{0.5};
  std::string get{"/"};
  std::string post{};
  std::string body{};
  std::vector<std::string> headers{};
  std::size_t spread{1};
  std::size_t first{};
  std::size_t park{};
};

void replace_all(std::string& text, std::string_view what, const std::string& with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
    text.replace(at, what.size(), with);
}

constexpr std::size_t contents = 1'000;  // for which {content} stands

// Returns an address for each number of three bytes.
std::string address_of(std::size_t number) {
  return "10." + std::to_string(number >> 16 & 255) + "." + std::to_string(number >> 8 & 255) +
         "." + std::to_string(number & 255);
}

std::string to_request(const options& chosen, bool is_post, std::size_t number) {
  const auto filled = [&](std::string text) {
    replace_all(text, "{}", std::to_string(number));
    replace_all(text, "{content}", std::to_string(number % contents));
    replace_all(text, "{address}", address_of(number));
    return text;
  };
  const std::string body = is_post ? filled(chosen.body) : "";
  std::string text = filled(is_post ? "POST " + chosen.post : "GET " + chosen.get);
  text += " HTTP/1.1\r\nHost: localhost\r\n";
  if (is_post)
    text +=
        "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  for (const std::string& header : chosen.headers) text += filled(header) + "\r\n";
  return text + "\r\n" + body;
}

options read_options(int argc, char** argv, CLI::App& app) {
  options chosen;
  plan& plan = chosen.plan;
  app.add_option("--port", plan.port)->required();
  app.add_option("--connections", plan.connections);
  app.add_option("--threads", plan.threads);
  app.add_option("--rate", plan.rate, "Requests a second; without it, as many as can be");
  app.add_flag("--fresh", plan.is_fresh, "A new connection for each request");
  app.add_option("--get", chosen.get);
  app.add_option("--header", chosen.headers, "'Name: value'");
  app.add_option("--expect", plan.get.status, "The status of a good answer to GET");
  app.add_option("--post", chosen.post);
  app.add_option("--body", chosen.body);
  app.add_option("--expect-post", plan.post.status);
  app.add_option("--post-percent", plan.post_percent);
  app.add_option("--spread", chosen.spread, "How many numbers stand for {}");
  app.add_option("--first", chosen.first, "The first of them");
  app.add_flag("--once", plan.is_each_once, "Each number once, in order; give enough of them");
  app.add_option("--seconds", chosen.seconds, "That are counted");
  app.add_option("--warm-up", chosen.warm_up, "Seconds before them");
  app.add_option("--park", chosen.park,
                 "Connections that ask once and then stay, until stdin ends");
  app.parse(argc, argv);
  for (std::size_t i = 0; i < chosen.spread; ++i) {
    plan.get.variants.push_back(to_request(chosen, false, chosen.first + i));
    plan.post.variants.push_back(to_request(chosen, true, chosen.first + i));
  }
  return chosen;
}

ordered_json to_json(const histogram& seen) {
  const auto microseconds = [&](double share) {
    return static_cast<double>(seen.percentile(share)) / 1e3;
  };
  return {{"count", seen.count()},
          {"p50_us", microseconds(0.5)},
          {"p99_us", microseconds(0.99)},
          {"p999_us", microseconds(0.999)},
          {"max_us", static_cast<double>(seen.max()) / 1e3}};
}

int run(options& chosen) {
  const auto to_duration = [](double seconds) {
    return nanoseconds{static_cast<std::int64_t>(seconds * 1e9)};
  };
  plan& plan = chosen.plan;
  plan.start = steady::now();
  plan.begin = plan.start + to_duration(chosen.warm_up);
  plan.end = plan.begin + to_duration(chosen.seconds);
  std::vector<std::future<tally>> threads;
  for (std::size_t i = 0; i < plan.threads; ++i)
    threads.push_back(std::async(std::launch::async,
                                 [&, i] { return std::make_unique<load_worker>(plan, i)->run(); }));
  tally sum;
  for (auto& thread : threads) sum.add(thread.get());
  const double counted = static_cast<double>(sum.get.count() + sum.post.count());
  std::cout << ordered_json{{"rate", counted / chosen.seconds},
                            {"answered", sum.answered},
                            {"errors", sum.errors},
                            {"reconnects", sum.reconnects},
                            {"get", to_json(sum.get)},
                            {"post", to_json(sum.post)}}
            << '\n';
  return 0;
}

// A connection that has asked once and was answered, or -1 if that takes over a second.
int open_parked(const plan& plan) {
  const int fd = connect_to(plan.port);
  const timeval second{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
  const std::string& asked = plan.get.variants.front();
  ::send(fd, asked.data(), asked.size(), MSG_NOSIGNAL);
  answer_reader answer;
  std::array<char, 65536> buffer;
  while (true) {
    const ssize_t size = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (size <= 0) break;
    if (!answer.take({buffer.data(), static_cast<std::size_t>(size)})) continue;
    if (answer.status() == plan.get.status && !answer.closes()) return fd;
    break;
  }
  ::close(fd);
  return -1;
}

// Says how many connections it has when all are open, and at the end, how many still are.
int park(const options& chosen) {
  std::vector<int> parked;
  for (int fd = 0; parked.size() < chosen.park && (fd = open_parked(chosen.plan)) >= 0;)
    parked.push_back(fd);
  std::cout << ordered_json{{"parked", parked.size()}} << std::endl;
  std::cin.ignore(std::numeric_limits<std::streamsize>::max());
  char byte = 0;
  const auto is_open = [&](int fd) { return ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0; };
  std::cout << ordered_json{{"open", std::ranges::count_if(parked, is_open)}} << '\n';
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Asks a server on the loopback, and counts."};
  try {
    options chosen = read_options(argc, argv, app);
    return chosen.park > 0 ? park(chosen) : run(chosen);
  } catch (const CLI::Error& mistake) {
    return app.exit(mistake);
  }
}
