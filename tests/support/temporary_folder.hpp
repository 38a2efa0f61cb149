#pragma once
// temporary_folder.hpp - a folder of a test's own, gone with all that is in it when the test is.

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace testing {

class temporary_folder final {
 public:
  // In the folder `in`, which is the system's for what is temporary if nobody says another.
  explicit temporary_folder(
      const std::filesystem::path& in = std::filesystem::temp_directory_path()) {
    std::string name = in / "comments-test-XXXXXX";
    if (!::mkdtemp(name.data())) throw std::runtime_error{"no temporary folder can be made"};
    path_ = name;
  }
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  ~temporary_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string path() const { return path_; }
  std::string path(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_{};
};

}  // namespace testing
