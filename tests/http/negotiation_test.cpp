#include <comments/http/negotiation.hpp>

#include <doctest/doctest.h>

#include <string>

using comments::http::parse_weight;
using comments::http::weight_of;

TEST_CASE("a weight has up to three digits behind its point, and is 0 if it is none") {
  const struct {
    std::string text;
    int weight;
  } table[] = {{"1", 1000},     {"1.", 1000},  {"1.0", 1000}, {"1.000", 1000}, {"0", 0},
               {"0.", 0},       {"0.5", 500},  {"0.25", 250}, {"0.001", 1},    {"0.999", 999},
               {"0.9999", 999}, {"0.0005", 0}, {"", 0},       {"2", 0},        {"x", 0},
               {"0,5", 0},      {"-1", 0},     {"05", 0},     {"0.x", 0}};
  for (const auto& row : table) CHECK_MESSAGE(parse_weight(row.text) == row.weight, row.text);
}

TEST_CASE("a type is wanted as much as the header says of it, or of all its like") {
  const struct {
    std::string accept;
    int csv, json;
  } table[] = {{"", 0, 0},
               {"*/*", 0, 0},
               {"text/csv", 1000, 0},
               {"TEXT/CSV;charset=utf-8", 1000, 0},
               {"text/*;q=0.4", 400, 0},
               {"text/*;q=0.4, text/csv;q=0.6", 600, 0},
               {"application/json;q=0.5 , text/csv ; q=0.9", 900, 500},
               {"text/csv;q=0", 0, 0},
               {"application/*", 0, 1000},
               {"text/html,application/xhtml+xml,*/*;q=0.8", 0, 0},
               {"text, text/, text/csvx, xtext/csv, */csv, ,;,", 0, 0},
               {"text/csv;q=x", 0, 0}};
  for (const auto& row : table) {
    CHECK_MESSAGE(weight_of(row.accept, "text/csv") == row.csv, row.accept);
    CHECK_MESSAGE(weight_of(row.accept, "application/json") == row.json, row.accept);
  }
}
