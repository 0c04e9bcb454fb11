// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/deadline.h"

#include <catch2/catch.hpp>
#include <memory>
#include <random>
#include <vector>

using namespace smic::net;
using std::chrono::milliseconds;

namespace {
struct Counted {
  explicit Counted(DeadlineWheel& wheel)
      : deadline(wheel, [](void* self) { ++static_cast<Counted*>(self)->expired; }, this) {}
  int expired = 0;
  Deadline deadline;
};

void pass(DeadlineWheel& wheel, milliseconds time) {
  for (milliseconds t{0}; t < time; t += kTick) wheel.tick();
}
}  // namespace

TEST_CASE("a deadline expires once, never early, at most two ticks late") {
  DeadlineWheel wheel;
  Counted one(wheel);
  one.deadline.expire_in(milliseconds(1000));
  pass(wheel, milliseconds(1000));
  CHECK(one.expired == 0);
  pass(wheel, 2 * kTick);
  CHECK(one.expired == 1);
  pass(wheel, milliseconds(120'000));
  CHECK(one.expired == 1);
}

TEST_CASE("a deadline may be moved later, earlier and away") {
  DeadlineWheel wheel;
  Counted later(wheel), earlier(wheel), never(wheel);
  later.deadline.expire_in(milliseconds(500));
  later.deadline.expire_in(milliseconds(5000));
  earlier.deadline.expire_in(milliseconds(5000));
  earlier.deadline.expire_in(milliseconds(500));
  never.deadline.expire_in(milliseconds(500));
  never.deadline.clear();
  pass(wheel, milliseconds(1000));
  CHECK(later.expired == 0);
  CHECK(earlier.expired == 1);
  pass(wheel, milliseconds(5000));
  CHECK(later.expired == 1);
  CHECK(never.expired == 0);
}

TEST_CASE("a deadline beyond the wheel's round goes round again") {
  DeadlineWheel wheel;
  Counted far(wheel);
  far.deadline.expire_in(milliseconds(300'000));
  pass(wheel, milliseconds(300'000));
  CHECK(far.expired == 0);
  pass(wheel, 2 * kTick);
  CHECK(far.expired == 1);
}

TEST_CASE("deadlines behave under random use like a list of due times") {
  const unsigned seed = 7;
  INFO("seed " << seed);
  std::mt19937 random(seed);
  DeadlineWheel wheel;
  std::vector<std::unique_ptr<Counted>> all;
  for (int i = 0; i < 50; ++i) all.push_back(std::make_unique<Counted>(wheel));
  std::vector<std::uint64_t> due(all.size(), ~0ull);  // first tick at which it must have expired
  std::vector<int> expected(all.size(), 0);
  for (int step = 0; step < 20'000; ++step) {
    const std::size_t which = random() % all.size();
    const auto ticks = static_cast<int>(random() % 3000);
    if (random() % 4 == 0) {
      all[which]->deadline.clear();
      due[which] = ~0ull;
    } else {
      all[which]->deadline.expire_in(kTick * ticks);
      due[which] = wheel.now() + static_cast<std::uint64_t>(ticks) + 1;
    }
    wheel.tick();
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (due[i] == wheel.now()) {
        ++expected[i];
        due[i] = ~0ull;
      }
      REQUIRE(all[i]->expired == expected[i]);
    }
  }
}
