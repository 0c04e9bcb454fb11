// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/unit/traffic/traffic_of.h"

using namespace smic;
using namespace smic::traffic;
using namespace std::chrono_literals;
using test::counts_of;
using test::edge;

namespace {

const Time kBegin = Time(1h);

struct Shop {
  Shop() {
    for (const char* end : {"x", "y"}) {
      pods.put("Pod", test::pod("shop", "web", end, "n1"));
      pods.put("Pod", test::pod("shop", "api", end, "n2"));
      pods.put("Pod", test::pod("other", "web", end, "n2"));
    }
    window.add("p",
               test::report_of({{edge("shop/web-5d4-x", "shop/api-5d4-x"), counts_of(1, 0)},
                                {edge("shop/web-5d4-y", "shop/api-5d4-x"), counts_of(2, 0)},
                                {edge("shop/web-5d4-x", "shop/api-5d4-y"), counts_of(0, 4)},
                                {edge("other/web-5d4-x", "shop/web-5d4-x"), counts_of(8, 0)},
                                {edge("", "shop/web-5d4-y"), counts_of(16, 0)},
                                {edge("shop/web-5d4-x", "shop/web-5d4-y"), counts_of(32, 0)},
                                {edge("shop/web-5d4-x", "10.1.1.1"), counts_of(64, 0)}}),
               kBegin);
  }
  Window window{kBegin};
  Pods pods;
};

std::string told(const std::map<Edge, Counts>& edges) {
  std::string text;
  for (const auto& [each, counts] : edges) {
    text += (each.to ? "to " : "from ") + each.peer.ns + "/" + each.peer.name + " " +
            std::to_string(counts.success) + "+" + std::to_string(counts.failure) + "; ";
  }
  return text;
}

}  // namespace

TEST_CASE("an object received what its pods did, from whomever") {
  Shop shop;
  const auto deployments = received(shop.window, shop.pods, "Deployment", kBegin - 1s);
  CHECK(deployments.size() == 2);
  CHECK(deployments.at({"shop", "api"}).success == 3);
  CHECK(deployments.at({"shop", "api"}).failure == 4);
  CHECK(deployments.at({"shop", "web"}).success == 8 + 16 + 32);
  CHECK(received(shop.window, shop.pods, "Namespace", kBegin - 1s).at({"", "shop"}).success == 59);
  CHECK(received(shop.window, shop.pods, "Node", kBegin - 1s).at({"", "n2"}).success == 3);
  CHECK(received(shop.window, shop.pods, "Pod", kBegin - 1s).size() == 4);
}

TEST_CASE("edges are between objects of one kind, names compared with their namespaces") {
  Shop shop;
  CHECK(told(edges_of(shop.window, shop.pods, "Deployment", {"shop", "web"}, kBegin - 1s)) ==
        "from other/web 8+0; from shop/web 32+0; to shop/api 3+4; to shop/web 32+0; ");
  CHECK(told(edges_of(shop.window, shop.pods, "Deployment", {"other", "web"}, kBegin - 1s)) ==
        "to shop/web 8+0; ");
  CHECK(told(edges_of(shop.window, shop.pods, "Pod", {"shop", "api-5d4-x"}, kBegin - 1s)) ==
        "from shop/web-5d4-x 1+0; from shop/web-5d4-y 2+0; ");
  CHECK(edges_of(shop.window, shop.pods, "Deployment", {"shop", "web"}, kBegin).empty());
}

TEST_CASE("a split's traffic is told by backend, however its requests were routed on") {
  Window window(kBegin);
  window.add(
      "p",
      test::report_of({{edge("a/x", "shop/1", "shop/web", "shop/s", "shop/v1"), counts_of(3, 0)},
                       {edge("a/y", "shop/2", "shop/web", "shop/s", "shop/v1"), counts_of(1, 0)},
                       {edge("a/x", "shop/3", "shop/web", "shop/s", "shop/v2"), counts_of(0, 2)},
                       {edge("a/x", "shop/3", "shop/web", "", "shop/v2"), counts_of(9, 9)}}),
      kBegin);
  const auto backends = backends_of(window, {"shop", "s"}, kBegin - 1s);
  REQUIRE(backends.size() == 2);
  CHECK(backends.at("v1").success == 4);
  CHECK(backends.at("v2").failure == 2);
}
