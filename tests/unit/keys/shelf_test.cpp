// SPDX-License-Identifier: Apache-2.0
#include "controller/keys/shelf.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <thread>
#include <vector>

using namespace smic;
using namespace smic::keys;

namespace {

struct Folder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("smic-shelf-" + std::to_string(::getpid()));
  Folder() { std::filesystem::remove_all(path); }
  ~Folder() { std::filesystem::remove_all(path); }
};

}  // namespace

TEST_CASE("an object is written only over what was read", "[keys]") {
  const Folder folder;
  const auto shelf = directory_shelf(folder.path);
  REQUIRE(shelf);
  CHECK((*shelf)->read(Object::distribution)->has_value() == false);
  CHECK((*shelf)->write(Object::distribution, {{"epoch", "1"}}, std::nullopt) == true);
  CHECK((*shelf)->write(Object::distribution, {{"epoch", "2"}}, std::nullopt) == false);
  const auto kept = (*shelf)->read(Object::distribution);
  REQUIRE((kept && *kept));
  CHECK((*kept)->entries == Entries{{"epoch", "1"}});
  CHECK((*shelf)->write(Object::distribution, {{"epoch", "3"}}, (*kept)->version) == true);
  CHECK((*shelf)->write(Object::distribution, {{"epoch", "4"}}, (*kept)->version) == false);
  CHECK((*shelf)->read(Object::distribution).value()->entries.at("epoch") == "3");
}

TEST_CASE("secrets are for their owner alone", "[keys]") {
  const Folder folder;
  const auto shelf = directory_shelf(folder.path);
  REQUIRE((*shelf)->write(Object::keys, {{"keys.json", "secret"}}, std::nullopt) == true);
  REQUIRE((*shelf)->write(Object::trust, {{"trust.pem", "a"}, {"ca.crt", "b"}}, std::nullopt) ==
          true);
  struct stat status{};
  REQUIRE(::stat((folder.path / "keys.json").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  REQUIRE(::stat((folder.path / "trust.pem").c_str(), &status) == 0);
  CHECK((status.st_mode & 0044) == 0044);
}

TEST_CASE("many who count at once lose no count", "[keys]") {
  const Folder folder;
  constexpr int kThreads = 4, kEach = 10;
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      const auto shelf = directory_shelf(folder.path);  // as another process would have
      for (int n = 0; n < kEach; ++n) {
        const auto done =
            update(**shelf, Object::distribution,
                   [](const std::optional<Kept>& kept) -> Result<std::optional<Entries>> {
                     const int before = kept ? std::stoi(kept->entries.at("epoch")) : 0;
                     return Entries{{"epoch", std::to_string(before + 1)}};
                   });
        if (!done) std::abort();
      }
    });
  }
  threads.clear();
  const auto shelf = directory_shelf(folder.path);
  CHECK((*shelf)->read(Object::distribution).value()->entries.at("epoch") ==
        std::to_string(kThreads * kEach));
}

TEST_CASE("a directory that cannot be is an error", "[keys]") {
  CHECK_FALSE(directory_shelf("/proc/no/such/thing"));
}
