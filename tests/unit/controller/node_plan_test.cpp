// SPDX-License-Identifier: Apache-2.0
#include "controller/node_plan.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "tests/support/random.h"

using namespace smic;
using namespace smic::controller;
using Kind = MeshedService::Kind;
using Texts = std::vector<std::string>;

namespace {

MeshRanges ranges(const std::string& text = kDefaultMeshRanges) {
  const auto parsed = MeshRanges::parse(text);
  REQUIRE(parsed);
  return *parsed;
}

MeshedService service(const std::string& name, Texts cluster_ips, const std::string& created = "") {
  MeshedService made;
  made.service = {"shop", name};
  made.cluster_ips = std::move(cluster_ips);
  made.kind = made.cluster_ips.empty() ? Kind::headless : Kind::cluster_ip;
  made.created = created;
  return made;
}

AddressPlan::Assignment assign(const std::vector<MeshedService>& services,
                               const MeshRanges& from = ranges(), const Texts& taken = {}) {
  return node_addresses(services, from, [&](const std::string& address) {
    return std::ranges::find(taken, address) != taken.end();
  });
}

Texts addresses_of(const AddressPlan::Assignment& assignment, const std::string& name) {
  const auto found = assignment.addresses.find({"shop", name});
  return found == assignment.addresses.end() ? Texts() : found->second;
}

std::string refusal(const std::string& text) {
  const auto parsed = MeshRanges::parse(text);
  return parsed ? "accepted" : parsed.error().message;
}

}  // namespace

TEST_CASE("a mesh address is read off the cluster IP", "[node_plan]") {
  const auto assigned =
      assign({service("web", {"10.96.1.7"}), service("db", {"172.20.3.4"}),
              service("both", {"10.96.0.10", "fd00:10:96::a"}), service("six", {"fd00:10:96::b"})});
  CHECK(addresses_of(assigned, "web") == Texts{"240.96.1.7"});
  CHECK(addresses_of(assigned, "db") == Texts{"240.20.3.4"});
  CHECK(addresses_of(assigned, "both") == Texts{"240.96.0.10", "fd73:6d69:6300::a"});
  CHECK(addresses_of(assigned, "six") == Texts{"fd73:6d69:6300::b"});
  CHECK(assigned.unplaced.empty());
  CHECK(assigned.remarks.empty());
  CHECK(addresses_of(assign({service("web", {"10.96.1.7"})}, ranges("100.64.0.0/15")), "web") ==
        Texts{"100.64.1.7"});
}

TEST_CASE("a Service without cluster IP has an address where none of those leads", "[node_plan]") {
  const auto assigned = assign({service("web", {"10.96.1.7"}), service("db", {})});
  const Texts db = addresses_of(assigned, "db");
  REQUIRE(db.size() == 1);
  CHECK(db[0].starts_with("241."));
  CHECK(addresses_of(assign({service("db", {})}), "db") == db);
  CHECK(assigned.remarks.empty());
  // Of both families where the cluster has both.
  const auto dual = assign({service("web", {"10.96.1.7", "fd00::7"}), service("db", {})});
  REQUIRE(addresses_of(dual, "db").size() == 2);
  CHECK(addresses_of(dual, "db")[0] == db[0]);
  CHECK(addresses_of(dual, "db")[1].starts_with("fd73:6d69:6300:8000:"));
  const auto six = assign({service("web", {"fd00::7"}), service("db", {})});
  REQUIRE(addresses_of(six, "db").size() == 1);
  CHECK(addresses_of(six, "db")[0].starts_with("fd73:6d69:6300:8000:"));
}

TEST_CASE("of two cluster IPs with the same low bits the older one keeps its address",
          "[node_plan]") {
  const auto old = service("zoo", {"10.20.0.7"}, "2024-01-01T00:00:00Z");
  const auto young = service("ant", {"172.20.0.7"}, "2025-01-01T00:00:00Z");
  const auto assigned = assign({young, old});
  CHECK(addresses_of(assigned, "zoo") == Texts{"240.20.0.7"});
  CHECK(addresses_of(assigned, "ant").at(0).starts_with("241."));
  REQUIRE(assigned.remarks.size() == 1);
  CHECK(assigned.remarks[0].service.name == "ant");
  CHECK(assigned.remarks[0].what ==
        "its mesh address does not follow from its cluster IP 172.20.0.7: that of shop/zoo leads "
        "where that leads");
  // Of one age: by name.
  CHECK(addresses_of(assign({service("b", {"10.20.0.7"}), service("a", {"172.20.0.7"})}), "a") ==
        Texts{"240.20.0.7"});
}

TEST_CASE("no Service is put where a pod lives", "[node_plan]") {
  const auto assigned = assign({service("web", {"10.96.1.7"})}, ranges(), {"240.96.1.7"});
  CHECK(addresses_of(assigned, "web").at(0).starts_with("241."));
  CHECK(assigned.remarks.at(0).what ==
        "its mesh address does not follow from its cluster IP 10.96.1.7: a pod or endpoint lives "
        "where that leads");
  const std::string hashed = addresses_of(assign({service("db", {})}), "db").at(0);
  CHECK(addresses_of(assign({service("db", {})}, ranges(), {hashed}), "db") != Texts{hashed});
}

TEST_CASE("what can have no address is told", "[node_plan]") {
  const auto assigned = assign({service("six", {"fd00::1"})}, ranges("240.0.0.0/7"));
  CHECK(assigned.addresses.empty());
  CHECK(assigned.unplaced ==
        std::vector<AddressPlan::Unplaced>{
            {{"shop", "six"}, "the mesh has no range of its cluster IPs' family"}});
}

TEST_CASE("addresses are distinct, stable, and the same in any order", "[node_plan]") {
  const std::uint64_t seed = 20'240;
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  // A small range, so that hashes and low bits collide.
  const MeshRanges small = ranges("240.0.0.0/15");
  std::vector<MeshedService> services;
  for (int i = 0; i < 3000; ++i) {
    const std::uint32_t bits = static_cast<std::uint32_t>(random() & 0x3ffff);
    const std::string ip = "10." + std::to_string(bits >> 16) + "." +
                           std::to_string(bits >> 8 & 0xff) + "." + std::to_string(bits & 0xff);
    const bool headless = random() % 4 == 0;
    char created[32];
    std::snprintf(created, sizeof created, "2025-01-01T%02d:%02d:00Z", i / 60 % 24, i % 60);
    services.push_back(service("s" + std::to_string(i), headless ? Texts{} : Texts{ip}, created));
  }
  const auto assigned = assign(services, small);
  std::set<std::string> seen;
  for (const auto& [ref, addresses] : assigned.addresses) {
    REQUIRE(addresses.size() == 1);
    CHECK(seen.insert(addresses[0]).second);
    CHECK(small.v4->contains(*IpAddress::parse(addresses[0])));
  }
  CHECK(seen.size() == services.size());
  CHECK_FALSE(assigned.remarks.empty());
  std::ranges::shuffle(services, random);
  CHECK(assign(services, small).addresses == assigned.addresses);
  // Whoever comes later moves nobody.
  auto more = services;
  for (int i = 0; i < 500; ++i) {
    more.push_back(service("new" + std::to_string(i),
                           {"10.0." + std::to_string(i / 250) + "." + std::to_string(1 + i % 250)},
                           "2026-01-01T00:00:00Z"));
  }
  const auto grown = assign(more, small);
  const auto mapped = [&](const ir::ServiceRef& ref) {
    return assigned.addresses.at(ref).front().starts_with("240.0.");
  };
  for (const auto& [ref, addresses] : assigned.addresses) {
    if (mapped(ref)) CHECK(grown.addresses.at(ref) == addresses);
  }
}

TEST_CASE("the plan tells the ranges in use, and where names of addresses are found",
          "[node_plan]") {
  const auto plan = node_plan(ranges());
  const auto free = [](const auto&) { return false; };
  CHECK(plan->ranges() == Texts{"240.0.0.0/7"});
  CHECK(plan->reverse_zones() ==
        Texts{"240.in-addr.arpa", "241.in-addr.arpa", "0.0.3.6.9.6.d.6.3.7.d.f.ip6.arpa"});
  const auto assigned = plan->assign({service("web", {"10.96.1.7"})}, free);
  REQUIRE(assigned);
  CHECK(addresses_of(*assigned, "web") == Texts{"240.96.1.7"});
  CHECK(plan->ranges() == Texts{"240.0.0.0/7"});
  REQUIRE(plan->assign({service("web", {"10.96.1.7", "fd00::7"})}, free));
  CHECK(plan->ranges() == Texts{"240.0.0.0/7", "fd73:6d69:6300::/48"});
  CHECK(node_plan(ranges("fd00::/48"))->ranges() == Texts{"fd00::/48"});
}

TEST_CASE("ranges that cannot be a mesh's are refused", "[node_plan]") {
  CHECK(refusal("240.0.0.0/7") == "accepted");
  CHECK(refusal("fd00::/48") == "accepted");
  CHECK(refusal("") == "mesh range: `` is not a range of addresses like 240.0.0.0/7");
  CHECK(refusal("240.0.0.0/7,") == "mesh range: `` is not a range of addresses like 240.0.0.0/7");
  CHECK(refusal("240.0.0.0/7,250.0.0.0/8") == "mesh ranges: two of one family");
  CHECK(refusal("127.64.0.0/10") == "mesh range 127.64.0.0/10 overlaps 127.0.0.0/8");
  CHECK(refusal("224.0.0.0/3") == "mesh range 224.0.0.0/3 overlaps 224.0.0.0/4");
  CHECK(refusal("254.0.0.0/7") == "mesh range 254.0.0.0/7 overlaps 255.255.255.255/32");
  CHECK(refusal("10.0.0.0/16") == "mesh range 10.0.0.0/16 is too small: at most /15");
  CHECK(refusal("fe80::/64") == "mesh range fe80::/64 overlaps fe80::/10");
}
