// main.cpp - runs a fuzz target over files where libFuzzer, which has a main of its own, is
// missing.

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size);

int main(int count, char** paths) {
  for (int i = 1; i < count; ++i) {
    std::ifstream file{paths[i], std::ios::binary};
    if (!file) {
      std::fprintf(stderr, "%s cannot be read\n", paths[i]);
      return 1;
    }
    const std::string bytes{std::istreambuf_iterator<char>{file}, {}};
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  }
  std::printf("%d files were read\n", count - 1);
  return count > 1 ? 0 : 1;
}
