// SPDX-License-Identifier: Apache-2.0
#include "controller/keys/keys.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

using namespace smic;
using namespace smic::keys;
using namespace std::chrono_literals;

namespace {

struct Stage {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("smic-keys-" + std::to_string(::getpid()));
  Time now = Time(1'900'000'000s);

  Stage() { std::filesystem::remove_all(path); }
  ~Stage() { std::filesystem::remove_all(path); }

  std::unique_ptr<Keys> open() {
    auto shelf = directory_shelf(path);
    REQUIRE(shelf);
    Options options{.names = {"localhost"}};
    options.lifetimes = {.authority = 100h, .serving = 9h, .signing = 20h, .overlap = 2h};
    options.now = [this] { return now; };
    auto keys = Keys::open(*shelf, options);
    REQUIRE(keys);
    return std::move(*keys);
  }
};

}  // namespace

TEST_CASE("two controllers have the same keys, and each a certificate of its own", "[keys]") {
  Stage stage;
  const auto one = stage.open();
  const auto other = stage.open();
  CHECK(one->trust() == other->trust());
  CHECK(one->authorities() == other->authorities());
  CHECK(one->signing().verifying() == other->signing().verifying());
  CHECK(one->serving() != other->serving());
  CHECK(one->tend() == false);
}

TEST_CASE("the bundle trusts what is used", "[keys]") {
  Stage stage;
  const auto keys = stage.open();
  const auto trust = contract::trust_from_pem(keys->trust());
  REQUIRE(trust);
  CHECK(trust->find(keys->signing().verifying().id()) != nullptr);
  CHECK(trust->authorities == keys->authorities());
}

TEST_CASE("a serving certificate is replaced when a third of its life is left", "[keys]") {
  Stage stage;
  const auto keys = stage.open();
  const CertifiedKey before = keys->serving();
  stage.now += 5h;
  CHECK(keys->tend() == false);
  CHECK(keys->serving() == before);
  stage.now += 1h;
  CHECK(keys->tend() == true);
  CHECK(keys->serving() != before);
  CHECK(*end_of(keys->serving().certificate) == stage.now + 9h);
}

TEST_CASE("what one controller replaces, the other takes over, when its time has come", "[keys]") {
  Stage stage;
  const auto one = stage.open();
  const auto other = stage.open();
  const auto before = one->signing().verifying();
  stage.now += 16h;
  CHECK(one->tend() == true);
  CHECK(other->tend() == true);
  CHECK(one->trust() == other->trust());
  CHECK(one->signing().verifying() == before);
  stage.now += 2h;
  CHECK(one->tend() == true);
  CHECK(other->tend() == true);
  CHECK(one->signing().verifying() != before);
  CHECK(one->signing().verifying() == other->signing().verifying());
}

TEST_CASE("a ring that cannot be read is not written over", "[keys]") {
  Stage stage;
  auto shelf = directory_shelf(stage.path);
  REQUIRE((*shelf)->write(Object::keys, {{"keys.json", "rubbish"}}, std::nullopt) == true);
  const auto keys = Keys::open(*shelf, {.names = {"localhost"}});
  REQUIRE_FALSE(keys);
  CHECK(keys.error().message.contains("key ring"));
  CHECK((*shelf)->read(Object::keys).value()->entries.at("keys.json") == "rubbish");
}
