// SPDX-License-Identifier: Apache-2.0
#include "runtime/dns/zones.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <ctime>
#include <map>
#include <random>

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

namespace {

// Everything that can be found, as text: names, and the records of each.
std::map<std::string, std::vector<std::string>> dump(const dns::Zones& zones,
                                                     const contract::Names& names) {
  std::map<std::string, std::vector<std::string>> all;
  std::vector<std::string> apexes = names.mesh_zones;
  apexes.insert(apexes.end(), names.reverse_zones.begin(), names.reverse_zones.end());
  for (const std::string& ns : names.plain_namespaces) apexes.push_back(ns + ".svc.cluster.local");
  for (const std::string& apex : apexes) {
    const auto name = *Name::parse(apex);
    zones.find(name).first->tree->visit([&](const std::string& labels, const dns::Node& node) {
      auto& records = all[labels + '|' + apex];
      for (const dns::Record& record : node.records) {
        records.push_back(std::visit(
            [](const auto& each) {
              using Kind = std::decay_t<decltype(each)>;
              if constexpr (std::is_same_v<Kind, dns::Address>) {
                return std::string(each.bytes.begin(), each.bytes.end());
              } else if constexpr (std::is_same_v<Kind, dns::ServicePort>) {
                return std::to_string(each.port) + each.target;
              } else {
                return std::string(each.target.wire());
              }
            },
            record));
      }
      std::ranges::sort(records);  // of several services at one address, in no order
    });
  }
  return all;
}

// A service by its number, in one of a few forms.
contract::ServiceNames made(unsigned number, std::mt19937& random) {
  const std::string name = std::to_string(number);
  contract::ServiceNames service{.service = (number % 2 == 0 ? "shop/s" : "other/s") + name};
  const unsigned form = random() % 6;
  if (form != 0) service.mesh_addresses = {"240.96." + std::to_string(random() % 3) + ".1"};
  if (form == 1) service.mesh_addresses.push_back("fd00::" + name);
  if (form > 1) service.ports = {{"http", contract::Transport::tcp, 80}};
  if (form == 3) {
    service.kind = contract::NameKind::pods;
    for (unsigned pod = random() % 3; pod > 0; --pod) {
      service.pods.push_back({"p" + std::to_string(pod), "10.0.0." + std::to_string(pod), {80}});
    }
  }
  if (form == 4) {
    service.kind = contract::NameKind::alias;
    service.alias = "x.example.org";
  }
  service.cluster_ips = {"10.96.0." + std::to_string(number % 250)};
  return service;
}

}  // namespace

TEST_CASE("a version made of the one before is the same as one made anew", "[dns]") {
  const unsigned seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  contract::Names names = test::shop();
  dns::Zones zones = dns::Zones::build(names, 0);
  for (std::uint32_t step = 1; step <= 300; ++step) {
    auto& services = names.services;
    const std::size_t at = services.empty() ? 0 : random() % services.size();
    switch (random() % 4) {
      case 0:
        if (!services.empty()) services.erase(services.begin() + static_cast<std::ptrdiff_t>(at));
        break;
      case 1:
        if (!services.empty()) services[at] = made(1000 + step, random);
        break;
      default:
        services.insert(services.begin() + static_cast<std::ptrdiff_t>(at), made(step, random));
    }
    // As a file that is read again: equal, and no object the same.
    if (random() % 10 == 0) {
      for (auto& service : services) service.edit();
    }
    if (random() % 40 == 0) names.plain_namespaces = {"shop", "other"};
    if (random() % 40 == 0) names.plain_namespaces = {"shop"};
    const dns::Zones before = zones;
    const auto as_it_was = dump(before, before.names());
    zones = dns::Zones::next(before, names, step);
    CHECK(zones.serial() == step);
    REQUIRE(dump(zones, names) == dump(dns::Zones::build(names, step), names));
    REQUIRE(dump(before, before.names()) == as_it_was);
  }
  // What was taken away has left nothing: the apexes alone are there.
  names.services.clear();
  zones = dns::Zones::next(zones, names, 0);
  CHECK(dump(zones, names).size() ==
        names.mesh_zones.size() + names.reverse_zones.size() + names.plain_namespaces.size());
}

TEST_CASE("one of ten thousand names is changed", "[.bench]") {
  std::mt19937 random(1);
  contract::Names names = test::shop();
  names.services.clear();
  for (unsigned i = 0; i < 10'000; ++i) {
    contract::ServiceNames service{.service =
                                       "ns" + std::to_string(i % 100) + "/s" + std::to_string(i)};
    service.mesh_addresses = {"240.1." + std::to_string(i / 250) + "." + std::to_string(i % 250)};
    service.ports = {{"http", contract::Transport::tcp, 80}};
    names.services.push_back(std::move(service));
  }
  const std::clock_t begun = std::clock();  // of CPU: others may be at work
  dns::Zones zones = dns::Zones::build(names, 0);
  const std::clock_t built = std::clock();
  std::vector<double> times;
  for (std::uint32_t i = 1; i <= 200; ++i) {
    names.services[random() % names.services.size()].edit().ports[0].port =
        static_cast<std::uint16_t>(i);
    const std::clock_t from = std::clock();
    zones = dns::Zones::next(zones, names, i);
    times.push_back(static_cast<double>(std::clock() - from));
  }
  std::ranges::sort(times);
  const double anew = static_cast<double>(built - begun) / 1000;
  WARN("built anew in " << anew << " ms; one changed: median " << times.at(100) << " us, p99 "
                        << times.at(198) << " us");
}
