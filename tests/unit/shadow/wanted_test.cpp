// SPDX-License-Identifier: Apache-2.0
// The writes are carried out on a pretended cluster until there are none left: what stands then
// must be what was wanted, whatever stood there before.
#include "controller/shadow/wanted.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "compiler/resources/value.h"
#include "controller/shadow/write_bodies.h"
#include "tests/support/random.h"

using namespace smic;
using namespace smic::shadow;
using Verb = Write::Verb;
using Kind = Write::Kind;

namespace {

constexpr Port kHttp{80, Transport::tcp}, kDns{53, Transport::udp};

Wish wish(const std::string& name, std::vector<Port> ports = {kHttp},
          std::vector<IpFamily> families = {IpFamily::v4}) {
  return {{"shop", name}, std::move(ports), std::move(families)};
}

Node node(const std::string& name, const std::string& address) {
  return {name, {*IpAddress::parse(address)}};
}

World world(std::vector<Node> nodes = {node("n1", "10.0.0.1"), node("n2", "10.0.0.2")}) {
  return {"smic-system", {16'000, 16'099}, std::move(nodes), {}, {}};
}

// As the API would.
class Cluster {
 public:
  explicit Cluster(World& world) : world_(world) {}

  void carry_out(const Write& write) {
    ++count_;
    if (write.kind == Kind::service) return carry_out_service(write);
    if (write.verb == Verb::remove) {
      CHECK(world_.standing.slices.erase(write.name) == 1);
    } else {
      CHECK(world_.standing.slices.contains(write.name) == (write.verb == Verb::patch));
      world_.standing.slices[write.name] = read_slice(write.body);
    }
  }
  std::size_t count() const { return count_; }

 private:
  void carry_out_service(const Write& write) {
    if (write.verb == Verb::remove) {
      CHECK(world_.standing.services.erase(write.name) == 1);
      return;
    }
    StandingService now = read_service(write.body);
    const auto known = world_.standing.services.find(write.name);
    CHECK((known != world_.standing.services.end()) == (write.verb == Verb::patch));
    const auto body = resources::value_of_json(write.body);
    const auto* families = body->find("spec")->find("ipFamilies");
    now.families = {IpFamily::v4};
    if (families != nullptr) {
      now.families.clear();
      for (const auto& each : *families->as<resources::Value::List>()) {
        now.families.push_back(*each.as<std::string>() == "IPv6" ? IpFamily::v6 : IpFamily::v4);
      }
    }
    now.uid = write.verb == Verb::create ? "uid-" + std::to_string(++count_) : known->second.uid;
    now.created = "2026-01-01T00:00:00Z";
    world_.standing.services[write.name] = std::move(now);
  }

  World& world_;
  std::size_t count_ = 0;
};

std::size_t settle(const std::vector<Wish>& wishes, World& world) {
  Cluster cluster(world);
  for (int round = 0; round < 10; ++round) {
    const auto writes = wanted_writes(wishes, world);
    if (writes.empty()) return cluster.count();
    for (const Write& write : writes) cluster.carry_out(write);
  }
  FAIL("it does not come to rest");
  return 0;
}

const StandingService& service_of(const World& world, const std::string& name) {
  return world.standing.services.at(shadow_name({"shop", name}));
}

}  // namespace

TEST_CASE("a meshed Service gets a Service and a slice, and then nothing", "[shadow]") {
  World all = world();
  const auto first = wanted_writes({wish("web")}, all);
  REQUIRE(first.size() == 1);  // the slice needs the Service's uid
  CHECK(first.front().kind == Kind::service);
  settle({wish("web")}, all);
  REQUIRE(all.standing.services.size() == 1);
  REQUIRE(all.standing.slices.size() == 1);
  const auto& [name, slice] = *all.standing.slices.begin();
  CHECK(name == shadow_name({"shop", "web"}) + "-v4");
  CHECK(slice.owner == service_of(all, "web").uid);
  CHECK(slice.targets == service_of(all, "web").targets);
  CHECK(slice.endpoints == hash_of({{"n1", "10.0.0.1"}, {"n2", "10.0.0.2"}}));
  CHECK(wanted_writes({wish("web")}, all).empty());
}

TEST_CASE("what goes takes its shadow along, and nobody else's", "[shadow]") {
  World all = world();
  settle({wish("web"), wish("db")}, all);
  const Targets kept = service_of(all, "db").targets;
  settle({wish("db")}, all);
  CHECK(all.standing.services.size() == 1);
  CHECK(all.standing.slices.size() == 1);
  CHECK(service_of(all, "db").targets == kept);
}

TEST_CASE("one that is deleted or edited is written again", "[shadow]") {
  World all = world();
  settle({wish("web", {kHttp, kDns})}, all);
  const std::string name = shadow_name({"shop", "web"});
  const World good = all;
  all.standing.services[name].as_written = false;
  auto writes = wanted_writes({wish("web", {kHttp, kDns})}, all);
  REQUIRE(writes.size() == 1);
  CHECK(writes.front().verb == Verb::patch);
  CHECK(writes.front().body.contains(R"("selector":null)"));
  all = good;
  all.standing.slices.clear();
  writes = wanted_writes({wish("web", {kHttp, kDns})}, all);
  REQUIRE(writes.size() == 1);
  CHECK(writes.front().kind == Kind::slice);
  all = good;
  all.standing.services.clear();  // the slice is then of a uid that is gone
  settle({wish("web", {kHttp, kDns})}, all);
  CHECK(all.standing.slices.begin()->second.owner == service_of(all, "web").uid);
  all = good;
  all.standing.services[name].of = "shop/other";
  CHECK(settle({wish("web", {kHttp, kDns})}, all) == 1);
  CHECK(service_of(all, "web").of == "shop/web");
}

TEST_CASE("a port that comes and goes leaves the others where they are", "[shadow]") {
  World all = world();
  settle({wish("web")}, all);
  const auto http = service_of(all, "web").targets.at(kHttp);
  settle({wish("web", {kHttp, kDns})}, all);
  CHECK(service_of(all, "web").targets.at(kHttp) == http);
  CHECK(service_of(all, "web").targets.size() == 2);
  settle({wish("web")}, all);
  CHECK(service_of(all, "web").targets == Targets{{kHttp, http}});
}

TEST_CASE("a node that comes is in every slice", "[shadow]") {
  World all = world();
  settle({wish("web"), wish("db")}, all);
  all.nodes.push_back(node("n3", "10.0.0.3"));
  CHECK(settle({wish("web"), wish("db")}, all) == 2);
}

TEST_CASE("more nodes than a slice holds are in several", "[shadow]") {
  std::vector<Node> nodes;
  for (int i = 0; i < 2'001; ++i) {
    nodes.push_back(node("n" + std::to_string(10'000 + i),
                         "10.1." + std::to_string(i / 250) + '.' + std::to_string(i % 250)));
  }
  World all = world(nodes);
  settle({wish("web")}, all);
  CHECK(all.standing.slices.size() == 3);
  all.nodes.resize(1'000);
  settle({wish("web")}, all);
  CHECK(all.standing.slices.size() == 1);
}

TEST_CASE("both families have their slices, and another first family a new Service", "[shadow]") {
  World all = world({{"n1", {*IpAddress::parse("10.0.0.1"), *IpAddress::parse("fd00::1")}}});
  settle({wish("web", {kHttp}, {IpFamily::v4, IpFamily::v6})}, all);
  CHECK(all.standing.slices.size() == 2);
  const std::string uid = service_of(all, "web").uid;
  settle({wish("web", {kHttp}, {IpFamily::v4})}, all);
  CHECK(all.standing.slices.size() == 1);
  CHECK(service_of(all, "web").uid == uid);
  settle({wish("web", {kHttp}, {IpFamily::v6})}, all);
  CHECK(service_of(all, "web").uid != uid);
}

TEST_CASE("one without cluster IPs is made anew", "[shadow]") {
  World all = world();
  settle({wish("web")}, all);
  const std::string uid = service_of(all, "web").uid;
  all.standing.services.begin()->second.families.clear();  // somebody made it headless
  settle({wish("web")}, all);
  CHECK(service_of(all, "web").uid != uid);
}

TEST_CASE("a range that is used up leaves the last ones without", "[shadow]") {
  World all = world();
  all.range = {16'000, 16'001};
  settle({wish("a"), wish("b"), wish("c")}, all);
  CHECK(all.standing.services.size() == 2);
  settle({wish("b"), wish("c")}, all);  // one goes, and the one that waited has its port
  CHECK(all.standing.services.size() == 2);
  CHECK(service_of(all, "c").targets.size() == 1);
}

TEST_CASE("whatever somebody does to them, they come to rest as they are wanted", "[shadow]") {
  constexpr std::uint64_t kSeed = 20'261'127;
  INFO("seed " << kSeed);
  test::Random random(kSeed);
  const auto chance = [&](std::size_t of) { return random.below(of); };
  World all = world();
  for (int round = 0; round < 300; ++round) {
    std::vector<Wish> wishes;
    for (int i = 0; i < 8; ++i) {
      if (chance(2) == 0) continue;
      Wish next = wish("s" + std::to_string(i), {kHttp});
      if (chance(2) == 0) next.ports.push_back(kDns);
      if (chance(4) == 0) next.families.clear();
      std::ranges::sort(next.ports);
      wishes.push_back(std::move(next));
    }
    for (auto& [name, service] : all.standing.services) {
      if (chance(6) == 0) service.as_written = false;
      if (chance(6) == 0 && !service.targets.empty()) service.targets.begin()->second = 16'050;
      if (chance(9) == 0) service.families.clear();
      if (chance(9) == 0) service.of = "some/body";
    }
    std::erase_if(all.standing.services, [&](const auto&) { return chance(8) == 0; });
    std::erase_if(all.standing.slices, [&](const auto&) { return chance(8) == 0; });
    settle(wishes, all);
    CHECK(all.standing.services.size() == wishes.size());
    std::set<std::pair<Transport, std::uint16_t>> used;
    for (const Wish& each : wishes) {
      const StandingService& stands = all.standing.services.at(shadow_name(each.of));
      CHECK(stands.of == ir::to_string(each.of));
      REQUIRE(stands.targets.size() == each.ports.size());
      for (const auto& [port, target] : stands.targets) {
        CHECK(used.insert({port.transport, target}).second);
      }
      CHECK(all.standing.slices.at(shadow_name(each.of) + "-v4").targets == stands.targets);
    }
  }
}
