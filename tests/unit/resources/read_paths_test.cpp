// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "compiler/resources/limits.h"
#include "compiler/resources/resources.h"

namespace fs = std::filesystem;
using namespace smic;
using resources::read_paths;

namespace {

// A folder of its own, gone with the test.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "smic-read-paths-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  void write(const fs::path& name, const std::string& text = "# empty\n") const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << text;
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// The names read, relative to the folder.
std::vector<std::string> names(const Folder& folder, const Result<Sources>& sources) {
  REQUIRE(sources.has_value());
  std::vector<std::string> names;
  for (std::size_t i = 0; i < sources->size(); ++i) {
    names.push_back(fs::path(sources->name(SourceId(i))).lexically_relative(folder.path()));
  }
  return names;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a folder's manifests are read in name order, folders within too") {
  const Folder folder;
  for (const char* name : {"b.yaml", "a/z.json", "a/y.yml", "c.smir", "notes.txt", "README.md"}) {
    folder.write(name);
  }
  CHECK(names(folder, read_paths({folder.path()})) ==
        Names{"a/y.yml", "a/z.json", "b.yaml", "c.smir"});
}

TEST_CASE("hidden names and editors' leftovers are passed over") {
  const Folder folder;
  for (const char* name : {"a.yaml", ".b.yaml", ".git/c.yaml", "a.yaml~", "a.yaml.bak", "#a.yaml#",
                           ".a.yaml.swp", ".#a.yaml"}) {
    folder.write(name);
  }
  CHECK(names(folder, read_paths({folder.path()})) == Names{"a.yaml"});
}

TEST_CASE("a file that is named is read whatever it is called, and once") {
  const Folder folder;
  folder.write("manifest.txt", "text");
  folder.write(".hidden.yaml");
  const std::string text = folder.path() / "manifest.txt";
  const auto sources =
      read_paths({text, folder.path() / "." / "manifest.txt", folder.path() / ".hidden.yaml"});
  CHECK(names(folder, sources) == Names{"manifest.txt", ".hidden.yaml"});
  CHECK(sources->text(SourceId(0)) == "text");
}

TEST_CASE("what is not there is an error with its path and reason") {
  const auto missing = read_paths({"/no/such/place.yaml"});
  REQUIRE_FALSE(missing.has_value());
  CHECK(missing.error().message == "read /no/such/place.yaml: no such file or folder");
}

TEST_CASE("a folder without manifests is an error that says what they are called") {
  const Folder folder;
  folder.write("notes.txt");
  const auto sources = read_paths({folder.path()});
  REQUIRE_FALSE(sources.has_value());
  CHECK(sources.error().message.contains("no manifests in this folder"));
  CHECK(sources.error().message.contains("*.yaml"));
}

TEST_CASE("a folder that cannot be read is an error, not a smaller mesh") {
  if (::geteuid() == 0) return;  // root may read everything
  const Folder folder;
  folder.write("a.yaml");
  folder.write("locked/b.yaml");
  fs::permissions(folder.path() / "locked", fs::perms::none);
  const auto sources = read_paths({folder.path()});
  fs::permissions(folder.path() / "locked", fs::perms::owner_all);
  REQUIRE_FALSE(sources.has_value());
  CHECK(sources.error().message.contains("locked"));
}

TEST_CASE("links are followed, loops of them end") {
  const Folder folder;
  folder.write("..data/web.yaml");
  fs::create_symlink("..data/web.yaml", folder.path() / "web.yaml");
  fs::create_directory(folder.path() / "sub");
  fs::create_directory_symlink("..", folder.path() / "sub" / "up");
  fs::create_symlink("nowhere.yaml", folder.path() / "dangling.yaml");
  CHECK(names(folder, read_paths({folder.path()})) == Names{"web.yaml"});
}

TEST_CASE("kFolderDepth: deeper folders are an error") {
  const Folder folder;
  fs::path deep;
  for (std::size_t i = 0; i < resources::limits::kFolderDepth + 2; ++i) deep /= "d";
  folder.write(deep / "a.yaml");
  const auto sources = read_paths({folder.path()});
  REQUIRE_FALSE(sources.has_value());
  CHECK(sources.error().message.contains("levels deep"));
}

TEST_CASE("kTotalBytes: more than that is an error") {
  const Folder folder;
  folder.write("a.yaml");
  fs::resize_file(folder.path() / "a.yaml", resources::limits::kTotalBytes + 1);  // sparse
  const auto sources = read_paths({folder.path()});
  REQUIRE_FALSE(sources.has_value());
  CHECK(sources.error().message.contains("512 MiB"));
}
