// The store of examples/lmdb_store.hpp, held to the contract that is installed. It includes what is
// installed, LMDB and doctest, and nothing else of this project.

#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <comments/testing/doctest.hpp>
#include <comments/testing/store_contract.hpp>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "../../../examples/lmdb_store.hpp"

namespace {

class lmdb_maker final {
 public:
  lmdb_maker() {
    if (!::mkdtemp(folder_.data())) throw std::runtime_error{"no temporary folder can be made"};
    reopen();
  }
  ~lmdb_maker() {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  lmdb::lmdb_store& store() { return *store_; }
  void reopen() {
    store_.reset();
    store_ = comments::contract::must(lmdb::lmdb_store::open(folder_ + "/comments.lmdb"));
  }

 private:
  std::string folder_{std::filesystem::temp_directory_path() / "comments-XXXXXX"};
  std::unique_ptr<lmdb::lmdb_store> store_{};
};

}  // namespace

COMMENTS_DOCTEST(lmdb_store, comments::contract::store_promises, lmdb_maker);
COMMENTS_DOCTEST(lmdb_store_reopened, comments::contract::durable_store_promises, lmdb_maker);
