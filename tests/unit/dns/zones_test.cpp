// SPDX-License-Identifier: Apache-2.0
#include "runtime/dns/zones.h"

#include <catch2/catch.hpp>

#include "names.h"

using namespace smic;
using dns::Name;

TEST_CASE("names are parsed with or without the final dot, and no label is empty or too long") {
  CHECK(Name::parse("Web.Shop.mesh")->wire() == std::string_view("\3web\4shop\4mesh\0", 15));
  CHECK(Name::parse("web.shop.mesh.") == Name::parse("web.shop.mesh"));
  CHECK(Name::parse("")->wire() == std::string_view("\0", 1));
  for (const std::string& wrong : {std::string(".mesh"), std::string("a..b"), std::string("a.."),
                                   std::string(64, 'x'), std::string(64, 'x') + ".mesh"}) {
    INFO(wrong);
    CHECK_FALSE(Name::parse(wrong));
  }
  std::string longest;
  for (int i = 0; i < 126; ++i) longest += "a.";
  CHECK(Name::parse(longest + "b"));
  CHECK_FALSE(Name::parse(longest + "bb"));
}

TEST_CASE("the zone with the longest apex answers") {
  contract::Names names = test::shop();
  names.mesh_zones = {"mesh", "shop.mesh", "a.b"};
  const dns::Zones zones = dns::Zones::build(names, 1);
  const auto apex_of = [&](const char* name) {
    const auto asked = Name::parse(name);
    const auto [zone, labels] = zones.find(*asked);
    return zone == nullptr ? std::string_view("none") : zone->apex.wire();
  };
  CHECK(apex_of("web.shop.mesh") == Name::parse("shop.mesh")->wire());
  CHECK(apex_of("shop.mesh") == Name::parse("shop.mesh")->wire());
  CHECK(apex_of("web.other.mesh") == Name::parse("mesh")->wire());
  CHECK(apex_of("b") == "none");
  CHECK(apex_of("") == "none");
}

TEST_CASE("what cannot be said in DNS is left out, and the rest is there") {
  contract::Names names;
  names.mesh_zones = {"mesh", "", ".", "bad..zone", "mesh"};
  names.reverse_zones = {"..", "240.in-addr.arpa"};
  names.plain_namespaces = {std::string(64, 'n'), "shop"};
  names.cluster_domain = "cluster.local";
  using Service = contract::ServiceNames;
  names.services = {
      Service{.service = "no-slash", .mesh_addresses = {"240.0.0.1"}},
      Service{.service = "shop/" + std::string(64, 'x'), .mesh_addresses = {"240.0.0.2"}},
      Service{.service = "shop/web", .mesh_addresses = {"not an address", "240.0.0.3"}},
      Service{.service = "shop/out", .kind = contract::NameKind::alias, .alias = "a..b"}};
  const dns::Zones zones = dns::Zones::build(names, 1);
  CHECK(zones.size() == 3);
  const auto name = Name::parse("web.shop.mesh");
  const auto [zone, labels] = zones.find(*name);
  REQUIRE(zone);
  REQUIRE(zone->find(labels));
  CHECK(zone->find(labels)->records.size() == 1);
}

TEST_CASE("a service without a mesh address has no mesh name") {
  const dns::Zones zones = dns::Zones::build(test::shop(), 1);
  const auto name = Name::parse("plain.shop.mesh");
  const auto [zone, labels] = zones.find(*name);
  REQUIRE(zone);
  CHECK(zone->find(labels) == nullptr);
}
