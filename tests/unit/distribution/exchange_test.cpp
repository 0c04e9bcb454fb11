// SPDX-License-Identifier: Apache-2.0
#include "controller/distribution/exchange.h"

#include <catch2/catch.hpp>
#include <mutex>
#include <thread>

#include "controller/distribution/epoch.h"
#include "tests/support/states.h"

using namespace smic;
using namespace smic::distribution;
using namespace std::chrono_literals;

namespace {

// What an API server keeps.
class Memory final : public keys::Shelf {
 public:
  Result<std::optional<keys::Kept>> read(keys::Object) override {
    const std::lock_guard lock(mutex_);
    if (version_ == 0) return std::nullopt;
    return keys::Kept{entries_, std::to_string(version_)};
  }
  Result<bool> write(keys::Object, const keys::Entries& entries,
                     const std::optional<std::string>& version) override {
    const std::lock_guard lock(mutex_);
    if (version.value_or("0") != std::to_string(version_)) return false;
    entries_ = entries;
    ++version_;
    return true;
  }

 private:
  std::mutex mutex_;
  keys::Entries entries_;
  std::uint64_t version_ = 0;
};

class Silent final : public api::Stream {
 public:
  using Stream::write;
  bool write(Piece) override { return true; }
  void end() override {}
  bool gone() const override { return false; }
  std::size_t waiting() const override { return 0; }
  void on_gone(std::function<void()>) override {}
  void on_drained(std::function<void()>) override {}
};

struct Replica {
  explicit Replica(std::shared_ptr<keys::Shelf> shelf) {
    HubOptions options;
    options.take_epoch = [shelf](std::uint64_t above) { return take_epoch(*shelf, above); };
    hub = Hub::start(std::move(options), contract::SigningKey::generate());
  }
  void take(std::uint64_t seed) {
    test::Random random(seed);
    controller::Update update;
    update.manifest = test::random_manifest(random);
    update.manifest.identities.clear();
    REQUIRE(hub->take(update));
  }
  void follow(const std::string& node) {
    REQUIRE(hub->subscribe(node, {}, std::make_shared<Silent>()));
  }
  void enforce(const std::string& node) {
    const Status status = hub->status();
    hub->acknowledge({node, status.epoch, status.version, ""});
  }
  // "n1+ n2-": who is known to follow anybody, and whether it enforces what is now here.
  std::string known() const {
    std::string text;
    for (const NodeStatus& node : hub->status().nodes) {
      if (!node.followed()) continue;
      text += node.node + (node.current ? "+ " : "- ");
    }
    return text;
  }
  bool becomes(const std::string& wanted) const {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (known() != wanted && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(2ms);
    CHECK(known() == wanted);
    return known() == wanted;
  }

  std::shared_ptr<Hub> hub;
};

}  // namespace

TEST_CASE("a report reads back, and what is none does not") {
  const Report report{contract::hash_of("mesh"), {"a", "b"}, {"c"}};
  const auto again = report_from(to_text(report, 7));
  REQUIRE(again);
  CHECK(to_text(*again, 7) == to_text(report, 7));
  for (const char* text : {"", "1", "1\nabc\n", "12"}) CHECK_FALSE(report_from(text));
  CHECK_FALSE(report_from(to_text(report, 7) + "?x\n"));
}

TEST_CASE("every replica knows of all nodes, whichever replica they follow") {
  const auto shelf = std::make_shared<Memory>();
  Replica one(shelf), other(shelf);
  one.take(1);
  other.take(1);
  const ExchangeOptions quick{.look = 5ms, .beat = 50ms};
  auto first = std::make_unique<Exchange>(one.hub, shelf, "one", quick);
  auto second = std::make_unique<Exchange>(other.hub, shelf, "other", quick);
  one.follow("n1");
  other.follow("n2");
  CHECK(one.becomes("n1- n2- "));
  other.enforce("n2");
  CHECK(one.becomes("n1- n2+ "));
  one.enforce("n1");
  CHECK(other.becomes("n1+ n2+ "));
  // What is new here is not enforced there before the other has it, too.
  one.take(2);
  CHECK(one.becomes("n1- n2- "));
  other.take(2);
  other.enforce("n2");
  CHECK(one.becomes("n1- n2+ "));
  // Another epoch does not lose what replicas say.
  CHECK(take_epoch(*shelf, 0));
  CHECK(one.becomes("n1- n2+ "));
  // A replica that is gone is forgotten, without a clock that both look at.
  second.reset();
  CHECK(one.becomes("n1- "));
  const auto entries = shelf->read(keys::Object::distribution).value()->entries;
  CHECK(entries.contains("nodes-of.one"));
}

TEST_CASE("what a replica said that is gone does not hide what another says now") {
  Replica here(std::make_shared<Memory>());
  here.take(1);
  const Report now{here.hub->report().mesh, {"n1"}, {}};
  const Report gone{contract::hash_of("what was before"), {"n1"}, {"n2"}};
  for (const auto& reports : {std::vector{now, gone}, std::vector{gone, now}}) {
    here.hub->hear(reports);
    CHECK(here.known() == "n1+ n2- ");
  }
}
