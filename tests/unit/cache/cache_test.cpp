// SPDX-License-Identifier: Apache-2.0
#include "controller/cache/cache.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <thread>

#include "controller/cache/entry.h"

using namespace smic;
namespace fs = std::filesystem;

namespace {

struct Folder {
  Folder() {
    std::string name = fs::temp_directory_path() / "smic-cache-XXXXXX";
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { fs::remove_all(path); }
  fs::path path;
};

CompiledUnit unit(int number, std::size_t bytes = 100) {
  CompiledUnit unit;
  unit.image.assign(bytes, static_cast<std::byte>(number));
  unit.names.service = "shop/s" + std::to_string(number);
  unit.names.port = 80;
  unit.names.image = contract::digest_of(unit.image);
  for (const char* target : {"aarch64", "x86_64-v2"}) {
    unit.native.emplace_back(bytes / 2, static_cast<std::byte>(*target));
    unit.names.native.push_back({target, contract::digest_of(unit.native.back())});
  }
  unit.names.backends = {{"shop/v1", 80, {}}};
  unit.names.routes = {{{"", "", 3}, {{0, 7}}}};
  return unit;
}

std::shared_ptr<CompiledStore> open(const Folder& folder, std::uint64_t bytes = 1 << 20,
                                    std::string build = "one") {
  auto store = cache::open(folder.path, bytes, std::move(build));
  REQUIRE(store);
  return *store;
}

bool has(CompiledStore& store, int number) {
  const auto found = store.find(std::to_string(number));
  if (!found) return false;
  CHECK(found->names == unit(number).names);
  CHECK(found->native == unit(number).native);
  return true;
}

}  // namespace

TEST_CASE("what is kept is found, by this run and the next") {
  const Folder folder;
  const auto store = open(folder);
  CHECK_FALSE(has(*store, 1));
  store->keep("1", unit(1));
  CHECK(has(*store, 1));
  CHECK_FALSE(has(*store, 2));
  const auto found = open(folder)->find("1");
  REQUIRE(found);
  CHECK(found->image == unit(1).image);
  CHECK(found->native == unit(1).native);
  CHECK(found->names == unit(1).names);
}

TEST_CASE("what another build compiled is not found") {
  const Folder folder;
  open(folder)->keep("1", unit(1));
  CHECK_FALSE(has(*open(folder, 1 << 20, "other"), 1));
  CHECK(has(*open(folder), 1));
  CHECK(cache::this_build().size() >= 8);
}

TEST_CASE("an entry is what was kept for that key, or nothing") {
  const std::string entry = cache::entry_of("key", unit(1));
  REQUIRE(cache::unit_of("key", entry));
  CHECK_FALSE(cache::unit_of("other", entry));
  for (std::size_t size = 0; size < entry.size(); ++size) {
    REQUIRE_FALSE(cache::unit_of("key", std::string_view(entry).substr(0, size)));
  }
  for (std::size_t at = 0; at < entry.size(); ++at) {
    std::string damaged = entry;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
    REQUIRE_FALSE(cache::unit_of("key", damaged));
  }
  CHECK_FALSE(cache::unit_of("key", entry + "x"));
  CompiledUnit tables = unit(1);
  tables.native.clear();
  tables.names.native.clear();
  const auto again = cache::unit_of("key", cache::entry_of("key", tables));
  REQUIRE(again);
  CHECK(again->native.empty());
  CHECK(again->names == tables.names);
}

TEST_CASE("a damaged file is deleted, and made anew") {
  const Folder folder;
  const auto store = open(folder);
  store->keep("1", unit(1));
  const fs::path file = fs::directory_iterator(folder.path)->path();
  std::ofstream(file, std::ios::app) << "x";
  CHECK_FALSE(has(*store, 1));
  CHECK_FALSE(fs::exists(file));
  store->keep("1", unit(1));
  CHECK(has(*store, 1));
}

TEST_CASE("beyond its size, what was not used for longest goes") {
  const Folder folder;
  const std::uint64_t each = cache::entry_of("1", unit(1)).size();
  const auto store = open(folder, 5 * each + each / 2);
  for (const int number : {1, 2, 3, 4, 5}) store->keep(std::to_string(number), unit(number));
  CHECK(has(*store, 1));
  store->keep("6", unit(6));
  CHECK(has(*store, 1));
  CHECK_FALSE(has(*store, 2));
  CHECK(has(*store, 6));
  store->keep("7", unit(7, 100 * each));  // larger than all there may be
  CHECK_FALSE(has(*store, 7));
  CHECK(has(*store, 6));
  std::uint64_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(folder.path)) bytes += entry.file_size();
  CHECK(bytes <= 5 * each + each / 2);
  open(folder, 2 * each);
  CHECK(std::distance(fs::directory_iterator(folder.path), fs::directory_iterator()) == 1);
}

TEST_CASE("an unfinished file is not found, and goes when nobody writes it any more") {
  const Folder folder;
  const auto store = open(folder);
  store->keep("1", unit(1));
  const fs::path file = fs::directory_iterator(folder.path)->path();
  const fs::path young = folder.path / "1-1.writing", old = folder.path / "1-2.writing";
  fs::copy(file, young);
  fs::rename(file, old);
  fs::last_write_time(old, fs::file_time_type::clock::now() - std::chrono::hours(2));
  CHECK_FALSE(has(*open(folder), 1));
  CHECK(fs::exists(young));
  CHECK_FALSE(fs::exists(old));
}

TEST_CASE("threads and programs share a directory") {
  const Folder folder;
  const auto one = open(folder, 4'000), other = open(folder, 4'000);
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        const int number = i % 20;
        CompiledStore& store = (i + t) % 2 ? *one : *other;
        store.keep(std::to_string(number), unit(number));
        const auto found = store.find(std::to_string(number));
        if (found && found->image != unit(number).image) std::abort();
      }
    });
  }
}

TEST_CASE("a directory that cannot be is the world's failure") {
  CHECK_FALSE(cache::open("/dev/null/cache"));
}
