// SPDX-License-Identifier: Apache-2.0
#include "controller/distribution/epoch.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <set>
#include <thread>

#include "contract/state.h"

using namespace smic;
using namespace smic::distribution;

namespace {

struct Folder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("smic-epoch-" + std::to_string(::getpid()));
  std::shared_ptr<keys::Shelf> shelf;

  Folder() {
    std::filesystem::remove_all(path);
    shelf = keys::directory_shelf(path).value();
  }
  ~Folder() { std::filesystem::remove_all(path); }
};

}  // namespace

TEST_CASE("every epoch is above all before it, and above what was asked for") {
  const Folder folder;
  CHECK(take_epoch(*folder.shelf, 0) == 1);
  CHECK(take_epoch(*folder.shelf, 0) == 2);
  CHECK(take_epoch(*folder.shelf, 41) == 42);
  CHECK(take_epoch(*folder.shelf, 7) == 43);
}

TEST_CASE("a count that was lost begins above what the proxies know") {
  const Folder folder;
  REQUIRE(folder.shelf->write(keys::Object::distribution, {{"epoch", "rubbish"}}, std::nullopt) ==
          true);
  CHECK(take_epoch(*folder.shelf, 12) == 13);
}

TEST_CASE("epochs end before numbers do") {
  const Folder folder;
  CHECK_FALSE(take_epoch(*folder.shelf, contract::kMostVersion));
}

TEST_CASE("processes that start at once get an epoch each") {
  const Folder folder;
  std::mutex mutex;
  std::set<std::uint64_t> taken;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const auto shelf = keys::directory_shelf(folder.path).value();
      for (int n = 0; n < 5; ++n) {
        const auto epoch = take_epoch(*shelf, 0);
        if (!epoch) std::abort();
        const std::lock_guard lock(mutex);
        taken.insert(*epoch);
      }
    });
  }
  threads.clear();
  CHECK(taken.size() == 20);
  CHECK(*taken.rbegin() == 20);
}
