// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/unit/lowering/lowered.h"

using namespace smic;
using namespace smic::test;

namespace {

const std::string kBackends = "{service: web-v1, weight: 9}, {service: web-v2, weight: 0}";
const std::string kWhen = "matches: [{kind: HTTPRouteGroup, name: api}]";
const std::string kGroup =
    group("shop/api", "{name: a, methods: [GET]}, {name: b, methods: [PUT]}");

std::string three_services(const std::string& ports) {
  return service("shop/web", ports) + service("shop/web-v1", ports) + service("shop/web-v2", ports);
}

}  // namespace

TEST_CASE("a Service without splits forwards to itself, endpoints or not") {
  CHECK(Lowered(service("shop/web", "{port: 80}")).unit("shop/web:80") ==
        "unit shop/web:80 http enforce\n"
        "  route r0 -> shop/web:80\n");
}

TEST_CASE("there is a unit for each port of each meshed Service, in order") {
  const Lowered mesh(
      service("shop/web", "{port: 90, name: tcp}, {port: 80}") +
      service("shop/dark", "{port: 1}", "labels: {smic.dev/mesh: 'false'}") +
      service("bank/dns", "{port: 53, protocol: UDP, name: u}, {port: 53, name: tcp}"));
  REQUIRE(mesh.units.size() == 4);
  CHECK(mesh.units[0].protocol == ir::Protocol::tcp);
  CHECK(mesh.units[1].protocol == ir::Protocol::udp);
  CHECK(mesh.units[1].service == ir::ServiceRef{"bank", "dns"});
  CHECK(mesh.units[2].port == 80);
  CHECK(mesh.units[3].port == 90);
}

TEST_CASE("an unconditional split takes the place of the root, backends in the order written") {
  CHECK(Lowered(three_services("{port: 80}") + split("shop/s", "web", kBackends))
            .unit("shop/web:80") ==
        "unit shop/web:80 http enforce\n"
        "  route r0 -> split { shop/web-v1:80 = 9, shop/web-v2:80 = 0 }\n");
}

TEST_CASE("a conditional split comes before the plain root") {
  CHECK(Lowered(three_services("{port: 80}") + kGroup + split("shop/s", "web", kBackends, kWhen))
            .unit("shop/web:80") ==
        "unit shop/web:80 http enforce\n"
        "  match m0 = method in { GET }\n"
        "  match m1 = method in { PUT }\n"
        "  route r0 when m0 or m1 -> split { shop/web-v1:80 = 9, shop/web-v2:80 = 0 }\n"
        "  route r1 -> shop/web:80\n");
}

TEST_CASE("on a TCP port a conditional split does not apply and an unconditional one does") {
  const std::string yaml =
      three_services("{name: tcp, port: 80}") + kGroup + split("shop/s", "web", kBackends, kWhen);
  CHECK(Lowered(yaml).unit("shop/web:80") ==
        "unit shop/web:80 tcp enforce\n"
        "  route r0 -> shop/web:80\n");
  CHECK(
      Lowered(yaml + split("shop/u", "web", "{service: web-v2, weight: 1}")).unit("shop/web:80") ==
      "unit shop/web:80 tcp enforce\n"
      "  route r0 -> shop/web-v2:80\n");
}

TEST_CASE("a backend without the port is left out there and takes part elsewhere") {
  const Lowered mesh(
      service("shop/web", "{port: 80, name: a}, {port: 90, name: b}") +
      service("shop/web-v1", "{port: 80, name: a}, {port: 90, name: b}") +
      service("shop/web-v2", "{port: 90}") +
      split("shop/s", "web", "{service: web-v1, weight: 1}, {service: web-v2, weight: 2}"));
  CHECK(mesh.unit("shop/web:80") ==
        "unit shop/web:80 http enforce\n"
        "  route r0 -> shop/web-v1:80\n");
  CHECK(mesh.unit("shop/web:90") ==
        "unit shop/web:90 http enforce\n"
        "  route r0 -> split { shop/web-v1:90 = 1, shop/web-v2:90 = 2 }\n");
}

TEST_CASE("a split without a backend that has the port is unavailable there") {
  CHECK(Lowered(service("shop/web", "{port: 80}") + service("shop/web-v1", "{port: 81}") +
                split("shop/s", "web", "{service: web-v1, weight: 1}"))
            .unit("shop/web:80") ==
        "unit shop/web:80 http enforce\n"
        "  route r0 -> unavailable\n");
}

TEST_CASE("strict shares are said where there are shares, on every protocol") {
  model::Options strict;
  strict.split_shares = contract::SplitShares::strict;
  const std::string both = "{service: web-v1, weight: 9}, {service: web-v2, weight: 1}";
  for (const char* port : {"{port: 80}", "{port: 80, name: tcp}", "{port: 80, protocol: UDP}"}) {
    INFO(port);
    const Lowered mesh(three_services(port) + split("shop/s", "web", both), strict);
    CHECK(mesh.unit("shop/web:80").find("policy split-shares strict") != std::string::npos);
    CHECK(mesh.unit("shop/web-v1:80").find("policy") == std::string::npos);
  }
  const Lowered one(three_services("{port: 80}") + split("shop/s", "web", kBackends), strict);
  CHECK(one.unit("shop/web:80").find("policy") == std::string::npos);
}

TEST_CASE("a split whose weights are all zero is unavailable and remembers its backends") {
  CHECK(
      Lowered(three_services("{port: 80}") +
              split("shop/s", "web", "{service: web-v1, weight: 0}, {service: web-v2, weight: 0}"))
          .unit("shop/web:80") ==
      "unit shop/web:80 http enforce\n"
      "  route r0 -> unavailable { shop/web-v1:80 = 0, shop/web-v2:80 = 0 }\n");
}

TEST_CASE("routes carry the split's line, the last the Service's") {
  const Lowered mesh(three_services("{port: 80}") + kGroup +
                     split("shop/s", "web", kBackends, kWhen));
  const ir::Unit& unit = mesh.units.front();
  REQUIRE(unit.routes.size() == 2);
  CHECK(unit.routes[0].origin == ir::Origin{"TrafficSplit shop/s", "mesh.yaml", 10});
  CHECK(unit.routes[1].origin == ir::Origin{"Service shop/web", "mesh.yaml", 2});
}
