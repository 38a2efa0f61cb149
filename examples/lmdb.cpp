// lmdb - comments in a store of your own that outlives the program.
//
// lmdb_store.hpp keeps them in a file of LMDB. A service posts into it, the file is closed and
// opened again, and has the comment still. Writes to the file that the command line names, or to a
// temporary one that it removes afterwards.

#include <comments/comments.hpp>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>

#include "lmdb_store.hpp"

// The new comment's id; by the return the file is closed.
std::optional<comments::comment_id> post(const std::string& path) {
  const auto store = lmdb::lmdb_store::open(path);
  if (!store) {
    std::cerr << store.error().message << "\n";
    return std::nullopt;
  }
  comments::service service{**store};
  const auto posted = service.post({.content_id = "1", .body = "Primeiro Post!"});
  if (!posted) return std::nullopt;
  return posted->stored.id;
}

bool is_still_there(const std::string& path, const comments::comment_id& id) {
  const auto store = lmdb::lmdb_store::open(path);
  if (!store) return false;
  const comments::service service{**store};
  const auto found = service.find(id);
  if (!found) return false;
  std::cout << path << ": comment " << found->position << " of content " << found->content_id
            << " still says: " << found->body << "\n";
  return found->body == "Primeiro Post!";
}

int main(int argc, char** argv) {
  std::string folder = (std::filesystem::temp_directory_path() / "comments-XXXXXX").string();
  const bool is_ours = argc < 2;
  if (is_ours && !::mkdtemp(folder.data())) return 1;
  const std::string path = is_ours ? folder + "/comments.lmdb" : argv[1];

  const auto id = post(path);
  const bool is_kept = id && is_still_there(path, *id);
  if (is_ours) std::filesystem::remove_all(folder);
  return is_kept ? 0 : 1;
}
