// SPDX-License-Identifier: Apache-2.0
#include "runtime/steer/netlink.h"

#include <catch2/catch.hpp>

#include "tests/support/pod.h"

using namespace smic;
using namespace smic::steer;

namespace {

netlink::LocalRoute route(const std::string& range, std::uint32_t metric) {
  return {*IpRange::parse(range), metric};
}

}  // namespace

TEST_CASE("local routes are added once, listed, and removed once", "[netlink]") {
  test::become_a_node();
  CHECK(netlink::ours()->empty());
  for (const char* range : {"240.0.0.0/7", "fd73:6d69:6300::/48"}) {
    REQUIRE(netlink::add(route(range, 1)));
    REQUIRE(netlink::add(route(range, 1)));
    REQUIRE(netlink::add(route(range, 2)));
    CHECK(*netlink::ours() == std::vector{route(range, 1), route(range, 2)});
    REQUIRE(netlink::remove(route(range, 1)));
    REQUIRE(netlink::remove(route(range, 1)));
    CHECK(*netlink::ours() == std::vector{route(range, 2)});
    REQUIRE(netlink::remove(route(range, 2)));
    CHECK(netlink::ours()->empty());
  }
}

TEST_CASE("a pod reaches its node by both IP families", "[netlink]") {
  test::become_a_node();
  test::Pod pod(1);
  CHECK(pod.address() == "10.99.1.2");
  CHECK_FALSE(netlink::bring_up("eth0"));  // that is the pod's
  pod.run([] { CHECK(netlink::bring_up("eth0")); });
  CHECK(netlink::remove_link("nothing").error().message == "link nothing: No such device");
}
