// SPDX-License-Identifier: Apache-2.0
#include "runtime/steer/prover.h"

#include <poll.h>

#include <catch2/catch.hpp>
#include <future>

using namespace smic;
using namespace smic::steer;

TEST_CASE("who asks does not wait, and is told once it is proven", "[probe]") {
  std::promise<void> may_end;
  std::promise<std::vector<Proof>> told;
  Prover prover(
      [&](int) {
        may_end.get_future().wait();
        return std::vector<Proof>(1);
      },
      [&](std::vector<Proof> proofs) { told.set_value(std::move(proofs)); });
  CHECK_FALSE(prover.pending());
  prover.ask();
  CHECK(prover.pending());
  may_end.set_value();
  CHECK(told.get_future().get().size() == 1);
  prover.stop();
  CHECK_FALSE(prover.pending());
}

TEST_CASE("one that is stopped ends what is under way, and tells nothing", "[probe]") {
  std::promise<void> begun;
  bool told = false;
  Prover prover(
      [&](int stop) {
        begun.set_value();
        pollfd one{stop, POLLIN, 0};
        REQUIRE(::poll(&one, 1, 60'000) == 1);
        return std::vector<Proof>();
      },
      [&](std::vector<Proof>) { told = true; });
  prover.ask();
  begun.get_future().wait();
  prover.stop();
  CHECK_FALSE(told);
  prover.ask();  // too late
  CHECK_FALSE(told);
}

TEST_CASE("what was asked meanwhile is proven again", "[probe]") {
  std::promise<void> begun, go_on;
  std::promise<int> told;
  int times = 0;
  Prover prover(
      [&](int) {
        if (++times == 1) {
          begun.set_value();
          go_on.get_future().wait();
        }
        return std::vector<Proof>();
      },
      [&](std::vector<Proof>) { told.set_value(times); });
  prover.ask();
  begun.get_future().wait();
  prover.ask();
  go_on.set_value();
  CHECK(told.get_future().get() == 2);
}
