// SPDX-License-Identifier: Apache-2.0
#include "runtime/steer/probe.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <thread>

#include "tests/support/pod.h"

using namespace smic;
using namespace smic::steer;

namespace {

const std::vector<std::string> kRanges{"240.0.0.0/7", "fd73:6d69:6300::/48"};

}  // namespace

TEST_CASE("a probe proves each range as a pod would use it, and leaves nothing", "[probe]") {
  test::become_a_node();
  const Mode mode = GENERATE(Mode::automatic, Mode::bind);
  Steering steering(nullptr, 1, mode);
  REQUIRE(steering.use(kRanges));
  const auto proofs = prove(steering);
  REQUIRE(proofs.size() == 2);
  for (const Proof& proof : proofs) {
    INFO(proof.told);
    CHECK(proof.holds);
    CHECK(proof.as_a_pod);
  }
  CHECK(prove(steering) == proofs);
  CHECK_FALSE(netlink::bring_up("smic" + std::to_string(::getpid())));
}

TEST_CASE("a probe tells what stands in the way", "[probe]") {
  test::become_a_node();
  Steering steering(nullptr, 1, Mode::automatic);
  REQUIRE(steering.use({"240.0.0.0/7"}));
  SECTION("somebody else took the program away") {
    steering.stop();
    const auto proofs = prove(steering);
    REQUIRE(proofs.size() == 1);
    CHECK_FALSE(proofs[0].holds);
    CHECK(proofs[0].told.find("Connection refused") != std::string::npos);
  }
  SECTION("somebody else took the route away") {
    for (const auto& route : *netlink::ours()) REQUIRE(netlink::remove(route));
    const auto proofs = prove(steering);
    REQUIRE(proofs.size() == 1);
    CHECK_FALSE(proofs[0].holds);
    INFO(proofs[0].told);
    CHECK(proofs[0].told.find("unreachable") != std::string::npos);
  }
}

TEST_CASE("a probe tells whether a pod can take another one's address", "[probe]") {
  test::become_a_node();
  const bool strict = GENERATE(true, false);
  for (const char* links : {"all", "default"}) {
    std::ofstream("/proc/sys/net/ipv4/conf/" + std::string(links) + "/rp_filter")
        << (strict ? "1" : "0");
  }
  Steering steering(nullptr, 1, Mode::automatic);
  REQUIRE(steering.use({"240.0.0.0/7"}));
  const auto proofs = prove(steering);
  REQUIRE(proofs.size() == 1);
  INFO(proofs[0].told);
  CHECK(proofs[0].holds);
  CHECK(proofs[0].forged.empty() == strict);
  if (!strict) {
    CHECK(proofs[0].forged.find("198.51.100.77") != std::string::npos);
    CHECK(proofs[0].forged.find("of new links: 0; 1 prevents it") != std::string::npos);
  }
}

TEST_CASE("where nothing gets here there is nothing to prove", "[probe]") {
  test::become_a_node();
  std::thread([] {
    REQUIRE(give_up_capabilities());
    Steering steering(nullptr, 1, Mode::automatic);
    REQUIRE(steering.use(kRanges));
    CHECK(prove(steering).empty());
  }).join();
}
