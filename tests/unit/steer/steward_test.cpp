// SPDX-License-Identifier: Apache-2.0
#include "runtime/steer/steward.h"

#include <catch2/catch.hpp>
#include <thread>

#include "runtime/steer/netlink.h"
#include "tests/support/pod.h"

using namespace smic;
using namespace smic::steer;

TEST_CASE("a steward keeps what its process has given up", "[steward]") {
  test::become_a_node();
  const netlink::LocalRoute route{*IpRange::parse("240.0.0.0/7"), 1};
  std::thread([&] {  // who gives up in a test has given up for the tests after it
    Steward steward;
    REQUIRE(useful_capabilities().starts_with("NET_ADMIN BPF"));
    REQUIRE(give_up_capabilities());
    CHECK(useful_capabilities().empty());
    CHECK_FALSE(netlink::add(route));
    std::thread([&] { CHECK_FALSE(netlink::add(route)); }).join();
    steward.run([&] {
      CHECK(useful_capabilities().starts_with("NET_ADMIN BPF"));
      CHECK(netlink::add(route));
    });
  })
      .join();
}

TEST_CASE("a steward does one thing at a time, for any thread, before it returns", "[steward]") {
  Steward steward;
  int count = 0;  // of the steward's thread
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 1000; ++j) steward.run([&] { ++count; });
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(count == 4000);
}
