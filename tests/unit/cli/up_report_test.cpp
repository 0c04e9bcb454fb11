// SPDX-License-Identifier: Apache-2.0
#include "cli/up_report.h"

#include <catch2/catch.hpp>

using namespace smic;
using namespace smic::cli;

namespace {

contract::Unit unit_of(const std::string& service, std::uint32_t v1, std::uint32_t v2) {
  contract::Unit unit;
  unit.service = service;
  unit.port = unit.listen_port = 80;
  unit.listen_addresses = {"127.1.2.3"};
  unit.backends = {{"shop/v1", 80, {}}, {"shop/v2", 80, {}}};
  unit.routes = {{{"TrafficSplit shop/canary", "split.yaml", 3}, {{0, v1}, {1, v2}}}};
  return unit;
}

contract::Manifest manifest_of(std::vector<contract::Unit> units) {
  contract::Manifest manifest;
  manifest.units.assign(units.begin(), units.end());
  return manifest;
}

}  // namespace

TEST_CASE("the table has a row per unit and says whom a client can play") {
  contract::Manifest manifest = manifest_of({unit_of("shop/web", 9, 1), unit_of("shop/dns", 1, 1)});
  manifest.units[1].edit().protocol = contract::Protocol::udp;
  manifest.identities = {{"127.0.0.11", "shop/batch", "shop/batch-1"}};
  CHECK(table_of(manifest) ==
        "  MESH NAME      ADDRESS       PROTOCOL  ACCESS   ROUTES\n"
        "  web.shop.mesh  127.1.2.3:80  http      enforce  TrafficSplit shop/canary: v1 9, v2 1\n"
        "  dns.shop.mesh  127.1.2.3:80  udp       enforce  TrafficSplit shop/canary: v1 1, v2 1\n"
        "\n"
        "  A CLIENT THAT BINDS  IS          POD\n"
        "  127.0.0.11           shop/batch  shop/batch-1\n");
}

TEST_CASE("a long table is cut, and says how much is missing") {
  std::vector<contract::Unit> units;
  for (int i = 0; i < 100; ++i) units.push_back(unit_of("shop/s" + std::to_string(i), 1, 1));
  CHECK(table_of(manifest_of(units)).find("... and 60 more") != std::string::npos);
}

TEST_CASE("an edit is told as what became new, different or gone") {
  const auto before = manifest_of({unit_of("shop/a", 1, 1), unit_of("shop/b", 1, 1)});
  const auto after = manifest_of({unit_of("shop/a", 2, 1), unit_of("shop/c", 1, 1)});
  CHECK(changes_between(before, after) ==
        "  ~  a.shop.mesh  127.1.2.3:80  http  TrafficSplit shop/canary: v1 2, v2 1\n"
        "  +  c.shop.mesh  127.1.2.3:80  http  TrafficSplit shop/canary: v1 1, v2 1\n"
        "  -  b.shop.mesh  127.1.2.3:80  http  gone\n");
  CHECK(changes_between(before, before).empty());
}
