#pragma once
// support/violations.hpp - violations as one line of text, so that a failing test shows them.

#include <comments/result.hpp>

#include <string>
#include <vector>

// "/body required, /author/email format"
inline std::string to_line(const std::vector<comments::violation>& violations) {
  std::string line;
  for (const comments::violation& one : violations)
    line += (line.empty() ? "" : ", ") + one.pointer + " " + one.code;
  return line;
}
