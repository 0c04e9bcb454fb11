// SPDX-License-Identifier: Apache-2.0
#include "runtime/policy/retry_budget.h"

#include <catch2/catch.hpp>

using namespace smic::policy;
using namespace std::chrono_literals;

namespace {

constexpr Time kStart{1h};

int retries(RetryBudget& budget, Time now) {
  int taken = 0;
  while (budget.take_retry(now)) ++taken;
  return taken;
}

}  // namespace

TEST_CASE("a service that is called rarely has a few retries each second") {
  RetryBudget budget;
  CHECK(retries(budget, kStart) == 10);
  CHECK(retries(budget, kStart + 100ms) == 1);
  CHECK(retries(budget, kStart + 1h) == 10);
}

TEST_CASE("beyond that, retries are a fifth of the requests") {
  RetryBudget budget;
  retries(budget, kStart);
  for (int i = 0; i < 100; ++i) budget.add_request();
  CHECK(retries(budget, kStart) == 20);
}

TEST_CASE("a quiet time does not save up retries without end") {
  RetryBudget budget;
  for (int i = 0; i < 100'000; ++i) budget.add_request();
  CHECK(retries(budget, kStart) == 100 + 10);
}
