// SPDX-License-Identifier: Apache-2.0
#include "controller/traffic/topology.h"

#include <catch2/catch.hpp>

#include "tests/unit/traffic/traffic_of.h"

using namespace smic;
using namespace smic::traffic;
using namespace std::chrono_literals;

TEST_CASE("the mesh in one document: services, splits, nodes, and who called whom") {
  contract::Unit unit;
  unit.service = "shop/web";
  unit.port = 80;
  unit.backends = {{"shop/v1", 80, {}}, {"shop/v2", 80, {}}};
  unit.routes = {{{"TrafficSplit shop/s", "s.yaml", 1}, {{0, 9}, {1, 1}}},
                 {{"Service shop/web", "w.yaml", 1}, {{0, 1}}}};
  contract::Unit other = unit;
  other.port = 81;
  other.protocol = contract::Protocol::tcp;
  const MeshInForce mesh{
      7, {contract::Shared<contract::Unit>(unit), contract::Shared<contract::Unit>(other)}, {"n1"}};
  Pods pods;
  for (const char* end : {"x", "y"}) pods.put("Pod", test::pod("shop", "api", end, "n1"));
  const Time now(1h);
  Window window(now - 1h);
  window.add(
      "p",
      test::report_of({{test::edge("shop/api-5d4-x", "shop/db-0", "shop/web", "shop/s", "shop/v1"),
                        test::counts_of(1, 0)},
                       {test::edge("shop/api-5d4-y", "shop/db-0", "shop/web", "shop/s", "shop/v1"),
                        test::counts_of(2, 1)},
                       {test::edge("", "10.0.0.9"), test::counts_of(4, 0)}}),
      now - 10s);
  CHECK(topology(mesh, window, pods, now) ==
        R"({"version":7,"services":[{"service":"shop/web","port":80,"protocol":"http"},)"
        R"({"service":"shop/web","port":81,"protocol":"tcp"}],"splits":[{"split":"shop/s",)"
        R"("service":"shop/web","backends":[{"service":"shop/v1","weight":9},)"
        R"({"service":"shop/v2","weight":1}]}],"nodes":["n1"],"window":"1m0s","edges":[)"
        R"({"source":{"kind":"Deployment","namespace":"shop","name":"api"},"destination":)"
        R"({"kind":"Pod","namespace":"shop","name":"db-0"},"service":"shop/web","split":)"
        R"("shop/s","backend":"shop/v1","success":3,"failure":1},)"
        R"({"source":{"kind":"unknown"},"destination":{"kind":"address","name":"10.0.0.9"},)"
        R"("service":"shop/web","backend":"shop/web","success":4,"failure":0}]})"
        "\n");
  CHECK(topology(mesh, window, pods, now + 2min)
            .ends_with(R"("edges":[]})"
                       "\n"));
}
