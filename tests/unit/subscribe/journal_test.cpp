// SPDX-License-Identifier: Apache-2.0
#include "runtime/subscribe/journal.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "tests/support/states.h"

using namespace smic;
using namespace smic::subscribe;
using smic::test::Random;

namespace {

const contract::SigningKey& key() {
  static const contract::SigningKey key = contract::SigningKey::generate();
  return key;
}

// A proxy that takes random states, one after another, and keeps them.
struct Stage {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("smic-journal-" + std::to_string(::getpid()));
  Random random;
  contract::Trust trust{.authorities = "x", .keys = {key().verifying()}};
  contract::Manifest manifest;
  contract::State made;   // by the controller, with its lines
  contract::State taken;  // by the proxy

  explicit Stage(std::uint64_t seed) : random(seed), manifest(test::random_manifest(random)) {
    std::filesystem::remove_all(path);
  }
  ~Stage() { std::filesystem::remove_all(path); }

  Journal open() { return Journal::open(path).value(); }

  contract::Message next() {
    manifest = test::changed(manifest, random);
    const auto before = made;
    made = test::state_of(manifest, 1, made.head.version + 1, &before);
    const bool whole = before.head.version == 0;
    const auto message =
        test::messages_in(test::message_of(made, key(), whole ? nullptr : &before)).at(0);
    taken = contract::take_up(taken, message, "n1", trust).value();
    return message;
  }

  std::string text() const {
    std::ostringstream text;
    text << std::ifstream(path / "state").rdbuf();
    return text.str();
  }
  void write(const std::string& text) const { std::ofstream(path / "state") << text; }

  std::string loaded(const std::string& node = "n1") {
    const auto state = open().load(node, trust);
    if (!state) return state.error().message;
    if (!*state) return "nothing";
    const bool same = contract::manifest_of(**state) == contract::manifest_of(taken);
    return same ? "the same" : "version " + std::to_string((*state)->head.version);
  }
};

}  // namespace

TEST_CASE("what was kept is there again, after one message and after many") {
  Stage stage(51);
  CHECK(stage.loaded() == "nothing");
  Journal journal = stage.open();
  for (int i = 0; i < 40; ++i) {
    const auto message = stage.next();
    REQUIRE(journal.keep(message, stage.taken));
    CHECK(journal.rewritten() == (i == 0));
    REQUIRE(stage.loaded() == "the same");
  }
}

TEST_CASE("a proxy that starts again writes the whole once, and goes on") {
  Stage stage(52);
  {
    Journal journal = stage.open();
    REQUIRE(journal.keep(stage.next(), stage.taken));
    REQUIRE(journal.keep(stage.next(), stage.taken));
  }
  Journal journal = stage.open();
  REQUIRE(journal.keep(stage.next(), stage.taken));
  CHECK(journal.rewritten());
  CHECK(stage.loaded() == "the same");
  CHECK(test::messages_in(stage.text()).size() == 1);
  REQUIRE(journal.keep(stage.next(), stage.taken));
  CHECK_FALSE(journal.rewritten());
  CHECK(stage.loaded() == "the same");
}

TEST_CASE("a message that was cut off never happened") {
  Stage stage(53);
  Journal journal = stage.open();
  REQUIRE(journal.keep(stage.next(), stage.taken));
  const std::string one = stage.text();
  const auto before = stage.taken;
  REQUIRE(journal.keep(stage.next(), stage.taken));
  const std::string two = stage.text();
  stage.taken = before;
  for (std::size_t cut = one.size(); cut < two.size(); cut += 5) {
    stage.write(two.substr(0, cut));
    REQUIRE(stage.loaded() == "the same");
  }
  stage.write(one.substr(0, one.size() - 5));
  CHECK(stage.loaded().contains("no whole state"));
}

TEST_CASE("what was touched, another node's, or signed by a stranger is refused") {
  Stage stage(54);
  Journal journal = stage.open();
  REQUIRE(journal.keep(stage.next(), stage.taken));
  REQUIRE(journal.keep(stage.next(), stage.taken));
  CHECK(stage.loaded("n2").contains("it is of the node `n1`"));
  const std::string good = stage.text();
  std::string touched = good;
  const std::size_t at = touched.find("\"weight\":1");
  REQUIRE(at != touched.npos);
  touched[at + 9] = '2';
  stage.write(touched);
  CHECK(stage.loaded() != "the same");
  stage.write(good);
  CHECK(stage.loaded() == "the same");
  stage.trust.keys = {contract::SigningKey::generate().verifying()};
  CHECK(stage.loaded().contains("not trusted"));
}

TEST_CASE("while two proxies share a directory, the older one writes") {
  Stage stage(55);
  auto old = std::make_unique<Journal>(stage.open());
  REQUIRE(old->keep(stage.next(), stage.taken));
  const std::string kept = stage.text();
  Journal young = stage.open();
  REQUIRE(young.keep(stage.next(), stage.taken));
  CHECK(stage.text() == kept);
  old.reset();
  REQUIRE(young.keep(stage.next(), stage.taken));
  CHECK(young.rewritten());
  CHECK(stage.loaded() == "the same");
}

TEST_CASE("a journal that has grown is written anew") {
  Stage stage(56);
  Journal journal = stage.open();
  REQUIRE(journal.keep(stage.next(), stage.taken));
  std::size_t largest = 0;
  bool anew = false;
  for (int i = 0; i < 20'000 && !anew; ++i) {
    const auto message = stage.next();
    REQUIRE(journal.keep(message, stage.taken));
    anew = journal.rewritten();
    if (!anew) largest = std::filesystem::file_size(stage.path / "state");
  }
  REQUIRE(anew);
  CHECK(largest > Journal::kLeastToRewrite);
  CHECK(std::filesystem::file_size(stage.path / "state") < 100'000);
  CHECK(stage.loaded() == "the same");
}
