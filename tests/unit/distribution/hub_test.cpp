// SPDX-License-Identifier: Apache-2.0
#include "controller/distribution/hub.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "tests/support/states.h"

using namespace smic;
using namespace smic::distribution;
using smic::test::Random;

namespace {

const contract::SigningKey& key() {
  static const contract::SigningKey key = contract::SigningKey::generate();
  return key;
}

// A proxy's end of a stream: it reads when it is told to, and takes what it can.
class Reader final : public api::Stream {
 public:
  explicit Reader(bool slow = false) : slow_(slow) {}

  using Stream::write;
  bool write(Piece piece) override {
    const std::lock_guard lock(mutex_);
    if (gone_) return false;
    text_ += *piece;
    if (slow_) waiting_ += piece->size();
    condition_.notify_all();
    return true;
  }
  void end() override {}
  bool gone() const override {
    const std::lock_guard lock(mutex_);
    return gone_;
  }
  std::size_t waiting() const override {
    const std::lock_guard lock(mutex_);
    return waiting_;
  }
  void on_gone(std::function<void()> told) override { on_gone_ = std::move(told); }
  void on_drained(std::function<void()> told) override { on_drained_ = std::move(told); }

  void drain() {
    {
      const std::lock_guard lock(mutex_);
      waiting_ = 0;
    }
    on_drained_();
  }
  void go() {
    {
      const std::lock_guard lock(mutex_);
      gone_ = true;
    }
    on_gone_();
  }

  // Takes messages as a proxy does until it has this version; how many there were.
  std::size_t take_until(std::uint64_t version) {
    contract::MessageReader reader([&](contract::Message message) -> Result<void> {
      auto next = contract::take_up(state, message, node, trust);
      if (!next) return std::unexpected(next.error());
      bases.push_back(message.head.base);
      state = std::move(*next);
      ++messages;
      return {};
    });
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (state.head.version < version) {
      std::string text;
      {
        std::unique_lock lock(mutex_);
        REQUIRE(condition_.wait_until(lock, end, [&] { return !text_.empty(); }));
        text = std::exchange(text_, {});
      }
      const auto read = reader.read(text);
      INFO((read ? "" : read.error().message));
      REQUIRE(read);
    }
    return messages;
  }

  std::string node = "n1";
  contract::Trust trust{.authorities = "x", .keys = {key().verifying()}};
  contract::State state;
  std::size_t messages = 0;
  std::vector<std::uint64_t> bases;

 private:
  const bool slow_;
  mutable std::mutex mutex_;
  std::condition_variable condition_;
  std::string text_;
  std::size_t waiting_ = 0;
  bool gone_ = false;
  std::function<void()> on_gone_, on_drained_;
};

struct Stage {
  explicit Stage(std::uint64_t seed, std::uint64_t first_epoch = 0)
      : random(seed), epochs(first_epoch) {
    HubOptions options;
    options.targets = {"aarch64", "x86_64-v2"};
    options.take_epoch = [this](std::uint64_t above) -> Result<std::uint64_t> {
      if (cut_off) return fail("the API is away");
      epochs = std::max<std::uint64_t>(epochs, above) + 1;
      return epochs.load();
    };
    hub = Hub::start(std::move(options), key());
  }

  controller::Update update() {
    controller::Update next;
    manifest = test::changed(manifest, random);
    next.manifest = manifest;
    next.manifest.identities.clear();
    next.nodes["n1"] =
        std::make_shared<const std::vector<contract::PodIdentity>>(manifest.identities);
    next.nodes["n2"] = std::make_shared<const std::vector<contract::PodIdentity>>();
    return next;
  }

  Random random;
  std::atomic<std::uint64_t> epochs;
  std::atomic<bool> cut_off = false;
  contract::Manifest manifest = test::random_manifest(random);
  std::unique_ptr<Hub> hub;
};

From from(const contract::State& state) {
  return {state.head.epoch, state.head.version, state.head.mesh, state.head.local, 0, 0};
}

}  // namespace

TEST_CASE("a stream gets the whole state, then what changes") {
  Stage stage(31);
  auto reader = std::make_shared<Reader>();
  CHECK_FALSE(stage.hub->subscribe("n1", {}, reader));  // there is none yet
  REQUIRE(stage.hub->take(stage.update()));
  REQUIRE(stage.hub->subscribe("n1", {}, reader));
  reader->take_until(1);
  for (std::uint64_t version = 2; version < 20; ++version) {
    REQUIRE(stage.hub->take(stage.update()));
    reader->take_until(version);
    const auto now = contract::manifest_of(reader->state);
    REQUIRE(now.units.size() == stage.manifest.units.size());
    REQUIRE(now.identities == stage.manifest.identities);
  }
  CHECK(reader->bases.front() == 0);
  CHECK(std::ranges::count(reader->bases, 0u) == 1);
}

TEST_CASE("the status tells of each node whose code it runs, of what there is") {
  Stage stage(33);
  REQUIRE(stage.hub->take(stage.update()));
  const std::vector<std::tuple<std::string, std::vector<std::string>, std::string>> nodes{
      {"n1", {"x86_64-v3", "x86_64-v2"}, "x86_64-v2"},
      {"n2", {"riscv64"}, "portable"},
      {"n3", {"portable"}, "portable"},
      {"n4", {}, ""}};
  std::vector<std::shared_ptr<Reader>> readers;
  for (const auto& [node, told, used] : nodes) {
    readers.push_back(std::make_shared<Reader>());
    REQUIRE(stage.hub->subscribe(node, {.targets = told}, readers.back()));
  }
  const Status status = stage.hub->status();
  REQUIRE(status.nodes.size() == nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    CHECK(status.nodes[i].node == std::get<0>(nodes[i]));
    CHECK(status.nodes[i].target == std::get<2>(nodes[i]));
  }
}

TEST_CASE("an update that changes nothing is no version") {
  Stage stage(32);
  const auto update = stage.update();
  REQUIRE(stage.hub->take(update));
  REQUIRE(stage.hub->take(update));
  CHECK(stage.hub->status().version == 1);
}

TEST_CASE("a reader that does not read gets only the latest, and holds up nobody") {
  Stage stage(33);
  REQUIRE(stage.hub->take(stage.update()));
  auto slow = std::make_shared<Reader>(true);
  auto quick = std::make_shared<Reader>();
  REQUIRE(stage.hub->subscribe("n1", {}, slow));
  REQUIRE(stage.hub->subscribe("n1", {}, quick));
  slow->take_until(1);
  for (std::uint64_t version = 2; version <= 30; ++version) {
    REQUIRE(stage.hub->take(stage.update()));
    quick->take_until(version);
  }
  CHECK(slow->messages == 1);
  slow->drain();
  CHECK(slow->take_until(30) == 2);
  CHECK(slow->bases == std::vector<std::uint64_t>{0, 1});
  CHECK(slow->state.head.mesh == quick->state.head.mesh);
}

TEST_CASE("who comes back gets what changed, and who is long gone everything") {
  Stage stage(34);
  REQUIRE(stage.hub->take(stage.update()));
  auto first = std::make_shared<Reader>();
  REQUIRE(stage.hub->subscribe("n1", {}, first));
  first->take_until(1);
  first->go();
  for (int i = 0; i < 3; ++i) REQUIRE(stage.hub->take(stage.update()));
  auto second = std::make_shared<Reader>();
  second->state = first->state;
  REQUIRE(stage.hub->subscribe("n1", from(second->state), second));
  second->take_until(4);
  CHECK(second->bases == std::vector<std::uint64_t>{1});
  for (int i = 0; i < 40; ++i) REQUIRE(stage.hub->take(stage.update()));
  auto third = std::make_shared<Reader>();
  third->state = first->state;
  REQUIRE(stage.hub->subscribe("n1", from(third->state), third));
  third->take_until(44);
  CHECK(third->bases == std::vector<std::uint64_t>{0});
}

TEST_CASE("another replica goes on from an equal state with a head alone, above its version") {
  Stage one(35), other(35, 7);
  auto reader = std::make_shared<Reader>();
  for (int i = 0; i < 5; ++i) REQUIRE(one.hub->take(one.update()));
  REQUIRE(one.hub->subscribe("n1", {}, reader));
  reader->take_until(5);
  for (int i = 0; i < 5; ++i) (void)other.update();
  controller::Update same;
  same.manifest = other.manifest;
  same.manifest.identities.clear();
  same.nodes["n1"] =
      std::make_shared<const std::vector<contract::PodIdentity>>(other.manifest.identities);
  REQUIRE(other.hub->take(same));
  REQUIRE(other.hub->status().version == 1);
  auto again = std::make_shared<Reader>();
  again->state = reader->state;
  REQUIRE(other.hub->subscribe("n1", from(again->state), again));
  again->take_until(6);
  CHECK(again->bases == std::vector<std::uint64_t>{5});
  CHECK(again->state.head.epoch == 8);
  CHECK(again->state.head.mesh == reader->state.head.mesh);
  CHECK(other.hub->figures().whole == 0);

  // And back: the first replica's epoch is lower, so it takes one above.
  auto back = std::make_shared<Reader>();
  back->state = again->state;
  REQUIRE(one.hub->subscribe("n1", from(back->state), back));
  back->take_until(7);
  CHECK(back->state.head.epoch == 9);
}

TEST_CASE("a replica that is cut off cannot take a proxy back") {
  Stage stage(36);
  REQUIRE(stage.hub->take(stage.update()));
  stage.cut_off = true;
  auto reader = std::make_shared<Reader>();
  const auto refused = stage.hub->subscribe("n1", {.epoch = 9, .version = 4}, reader);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "the API is away");
  CHECK(stage.hub->subscribe("n1", {.epoch = 1, .version = 1}, reader));
}

TEST_CASE("no node can push the epoch out of reach") {
  Stage stage(37);
  REQUIRE(stage.hub->take(stage.update()));
  CHECK_FALSE(stage.hub->subscribe("n1", {.epoch = std::uint64_t{1} << 40, .version = 1},
                                   std::make_shared<Reader>()));
  CHECK(stage.epochs == 1);
}

TEST_CASE("what was refused is not sent again until there is something else") {
  Stage stage(38);
  REQUIRE(stage.hub->take(stage.update()));
  auto reader = std::make_shared<Reader>();
  REQUIRE(stage.hub->subscribe("n1", {.refused_epoch = 1, .refused_version = 1}, reader));
  REQUIRE(stage.hub->take(stage.update()));
  CHECK(reader->take_until(2) == 1);
}

TEST_CASE("a new key signs what is now, for everybody") {
  Stage stage(39);
  REQUIRE(stage.hub->take(stage.update()));
  auto reader = std::make_shared<Reader>();
  REQUIRE(stage.hub->subscribe("n1", {}, reader));
  reader->take_until(1);
  const auto next = contract::SigningKey::generate();
  reader->trust.keys.push_back(next.verifying());
  stage.hub->use_key(next);
  reader->take_until(2);
  CHECK(reader->state.head.key == next.verifying().id());
  stage.hub->use_key(next);
  CHECK(stage.hub->status().version == 2);
}

TEST_CASE("the status has every node that has pods or was heard of") {
  Stage stage(40);
  std::atomic<int> told = 0;
  stage.hub->on_change([&] { ++told; });
  REQUIRE(stage.hub->take(stage.update()));
  auto reader = std::make_shared<Reader>();
  REQUIRE(stage.hub->subscribe("n3", {}, reader));
  stage.hub->acknowledge({"n3", 1, 1, ""});
  stage.hub->acknowledge({"n2", 1, 1, "no"});
  const Status status = stage.hub->status();
  REQUIRE(status.nodes.size() == 3);
  CHECK(status.nodes[0].node == "n1");
  CHECK(status.nodes[0].version == 0);
  CHECK(status.nodes[1].refused == "no");
  CHECK_FALSE(status.nodes[1].current);
  CHECK(status.nodes[2].current);
  CHECK(status.nodes[2].streams == 1);
  CHECK(told >= 3);
  stage.hub->acknowledge({"n2", 1, 1, ""});
  CHECK(stage.hub->status().nodes[1].refused.empty());
}

TEST_CASE("a hundred nodes are told at once, and nobody is lost while they come and go") {
  Stage stage(41);
  REQUIRE(stage.hub->take(stage.update()));
  std::vector<std::shared_ptr<Reader>> readers;
  for (int i = 0; i < 100; ++i) {
    readers.push_back(std::make_shared<Reader>());
    readers.back()->node = "node-" + std::to_string(i);
    REQUIRE(stage.hub->subscribe(readers.back()->node, {}, readers.back()));
    if (i % 3 == 0) REQUIRE(stage.hub->take(stage.update()));
    if (i % 7 == 0) readers[static_cast<std::size_t>(i)]->go();
  }
  const std::uint64_t version = stage.hub->status().version;
  for (int i = 0; i < 100; ++i) {
    if (i % 7 != 0) readers[static_cast<std::size_t>(i)]->take_until(version);
  }
  CHECK(stage.hub->figures().streams <= 100);
}
