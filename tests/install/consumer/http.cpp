// A program with JSON and signed tokens over an HTTP library of its own.

#include <comments/auth/signer.hpp>
#include <comments/http/problem.hpp>

#include <iostream>

int main() {
  const comments::auth::signer signer{"a key of thirty-two bytes or more"};
  if (signer.token("edit", "1") == signer.token("edit", "2")) return 1;
  const auto answer = comments::http::problem({comments::errc::not_found, "There is none."}, {});
  std::cout << answer.body << "\n";
  return answer.status == 404 ? 0 : 1;
}
