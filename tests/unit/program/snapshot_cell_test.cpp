// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <latch>
#include <thread>

#include "runtime/program/program.h"
#include "tests/support/decisions.h"

using namespace smic;
using program::Snapshot;
using program::SnapshotCell;

namespace {

std::shared_ptr<const Snapshot> snapshot(std::uint64_t version) {
  auto made = std::make_shared<Snapshot>();
  made->version = version;
  return made;
}

// Publishes and forgets; tells whether the cell still holds it.
std::weak_ptr<const Snapshot> publish(SnapshotCell& cell, std::uint64_t version) {
  auto made = snapshot(version);
  const std::weak_ptr<const Snapshot> watch = made;
  cell.publish(std::move(made));
  return watch;
}

}  // namespace

TEST_CASE("before the first publication there is nothing to read", "[cell]") {
  SnapshotCell cell(1);
  CHECK(cell.read(0) == nullptr);
  CHECK(cell.current() == nullptr);
  CHECK_FALSE(cell.enforced_by_all(0));
  cell.quiet(0);
  cell.reclaim();
  publish(cell, 1);
  CHECK(cell.read(0)->version == 1);
}

TEST_CASE("a reader sees the newest snapshot", "[cell]") {
  SnapshotCell cell(1);
  publish(cell, 1);
  CHECK(cell.read(0)->version == 1);
  publish(cell, 2);
  CHECK(cell.read(0)->version == 2);  // without having been quiet
  CHECK(cell.current()->version == 2);
}

TEST_CASE("a replaced snapshot lives until every reader that may hold it is quiet", "[cell]") {
  SnapshotCell cell(2);
  const auto first = publish(cell, 1);
  cell.read(0);
  cell.read(1);
  publish(cell, 2);
  CHECK_FALSE(first.expired());
  cell.quiet(0);
  cell.reclaim();
  CHECK_FALSE(first.expired());
  cell.read(1);  // has seen the new one, may still use the old one
  cell.reclaim();
  CHECK_FALSE(first.expired());
  cell.quiet(1);
  cell.reclaim();
  CHECK(first.expired());
}

TEST_CASE("readers that are quiet hold up nothing", "[cell]") {
  SnapshotCell cell(8);
  const auto first = publish(cell, 1);
  CHECK_FALSE(first.expired());
  const auto second = publish(cell, 2);
  CHECK(first.expired());
  cell.read(3);
  const auto third = publish(cell, 3);
  publish(cell, 4);
  CHECK_FALSE(second.expired());
  CHECK_FALSE(third.expired());  // whatever came after what the reader woke up to is kept too
  cell.quiet(3);
  cell.reclaim();
  CHECK(second.expired());
  CHECK(third.expired());
}

TEST_CASE("a reader that wakes after a publication does not hold what was before", "[cell]") {
  SnapshotCell cell(2);
  const auto first = publish(cell, 1);
  cell.read(0);
  publish(cell, 2);
  cell.read(1);
  cell.quiet(0);
  cell.reclaim();
  CHECK(first.expired());
}

TEST_CASE("a version is enforced when the last reader has used it or was quiet", "[cell]") {
  SnapshotCell cell(3);
  publish(cell, 1);
  CHECK(cell.enforced_by_all(1));  // all quiet
  cell.read(0);
  cell.read(1);
  publish(cell, 2);
  CHECK(cell.enforced_by_all(1));
  CHECK_FALSE(cell.enforced_by_all(2));
  cell.read(0);
  CHECK_FALSE(cell.enforced_by_all(2));
  cell.quiet(1);
  CHECK(cell.enforced_by_all(2));
  CHECK_FALSE(cell.enforced_by_all(3));
  cell.read(1);
  CHECK(cell.enforced_by_all(2));
}

TEST_CASE("being quiet twice and reading twice is harmless", "[cell]") {
  SnapshotCell cell(1);
  const auto first = publish(cell, 1);
  cell.quiet(0);
  cell.read(0);
  cell.read(0);
  cell.quiet(0);
  cell.quiet(0);
  publish(cell, 2);
  CHECK(first.expired());
}

TEST_CASE("the cell frees everything at its end", "[cell]") {
  std::weak_ptr<const Snapshot> first, second;
  {
    SnapshotCell cell(1);
    first = publish(cell, 1);
    cell.read(0);
    second = publish(cell, 2);
  }
  CHECK(first.expired());
  CHECK(second.expired());
}

// Real programs, so that using one that was freed is a jump into unmapped memory. Under
// ThreadSanitizer this is the proof that acquire and release are enough.
TEST_CASE("readers use programs while thousands of snapshots come and go", "[cell]") {
  constexpr std::size_t kReaders = 4;
  constexpr std::uint64_t kVersions = 3'000;
  const contract::Bytes images[] = {test::image_of(test::kPlainUnit),
                                    test::image_of(test::kCanaryUnit)};
  SnapshotCell cell(kReaders);
  std::atomic<bool> stop = false;
  std::atomic<std::uint64_t> wrong = 0;
  std::latch started(kReaders + 1);

  const auto use = [&](const Snapshot& now) {
    const auto& program = *now.units[0]->program;
    const contract::Slice line{"Firefox", 7};
    const contract::HeaderSlot slots[] = {{&line, 1}};
    contract::Verdict verdict;
    program.match({{"/reviews/1", 10}, slots, 1, 1}, verdict);
    const std::uint64_t backends = program.shape().route_backends[verdict.route];
    wrong += program.split(verdict.route, now.version << 40) >= backends;
  };
  const auto reader = [&](std::size_t index) {
    started.arrive_and_wait();
    std::uint64_t newest = 0;
    for (std::uint64_t turn = 0; !stop; ++turn) {
      for (std::uint64_t i = 0; i <= turn % 3; ++i) {
        const Snapshot* now = cell.read(index);
        if (!now) continue;
        wrong += now->version < newest;  // never back in time
        newest = now->version;
        use(*now);
      }
      cell.quiet(index);
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kReaders; ++i) threads.emplace_back(reader, i);

  started.arrive_and_wait();
  for (std::uint64_t version = 1; version <= kVersions; ++version) {
    auto next = std::make_shared<Snapshot>();
    next->version = version;
    next->units.push_back(std::make_shared<const program::Unit>(
        contract::Unit(), *program::load(images[version % 2], program::Engine::native)));
    cell.publish(std::move(next));
    if (version % 100 == 0) {
      while (!cell.enforced_by_all(version)) std::this_thread::yield();
    }
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(cell.current()->version == kVersions);
}
