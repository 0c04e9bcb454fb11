// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "controller/shadow/shadow.h"
#include "controller/shadow/standing.h"

using namespace smic;
using namespace smic::shadow;
using controller::AddressPlan;
using controller::MeshedService;

namespace {

constexpr Port kHttp{80, Transport::tcp}, kDns{53, Transport::udp};

MeshedService meshed(const std::string& name, std::vector<Port> ports = {kHttp}) {
  MeshedService made;
  made.service = {"shop", name};
  made.cluster_ips = {"10.96.0.1"};
  made.ports = std::move(ports);
  return made;
}

resources::Service standing(const std::string& of, const std::string& address,
                            std::vector<std::pair<Port, std::uint16_t>> targets,
                            const std::string& created = "") {
  resources::Service object;
  object.meta.ns.value = "smic-system";
  object.meta.name.value = shadow_name({"shop", of});
  object.meta.labels[kShadowLabel] = "true";
  object.meta.created = created;
  object.cluster_ip = address;
  object.cluster_ips = {address};
  for (const auto& [port, target] : targets) {
    resources::ServicePort entry;
    entry.port.value = port.number;
    entry.protocol = port.transport == Transport::udp ? "UDP" : "TCP";
    entry.target = target;
    object.ports.push_back(entry);
  }
  return object;
}

struct Fixture {
  std::shared_ptr<Wishes> wishes = std::make_shared<Wishes>();
  std::unique_ptr<AddressPlan> plan = address_plan({"smic-system", {16'000, 16'001}}, wishes);

  bool learn(const resources::Service& object) {
    return plan->learn({object.meta.ns.value, object.meta.name.value}, &object);
  }
  AddressPlan::Assignment assign(const std::vector<MeshedService>& services) {
    const auto assigned = plan->assign(services, [](const std::string&) { return false; });
    REQUIRE(assigned);
    return *assigned;
  }
};

}  // namespace

TEST_CASE("a Service without its shadow waits for it, and is wished for", "[shadow]") {
  Fixture at;
  CHECK_FALSE(at.wishes->get());
  const auto assigned = at.assign({meshed("web", {kDns, kHttp})});
  CHECK(assigned.addresses.empty());
  REQUIRE(assigned.unplaced.size() == 1);
  CHECK(assigned.unplaced.front().passing);
  CHECK(assigned.unplaced.front().reason == "its shadow Service does not stand yet");
  CHECK(at.wishes->get() == std::vector<Wish>{{{"shop", "web"}, {kDns, kHttp}, {IpFamily::v4}}});
}

TEST_CASE("what a shadow Service says is where a Service is", "[shadow]") {
  Fixture at;
  CHECK(at.learn(standing("web", "10.96.7.7", {{kHttp, 16'001}})));
  CHECK_FALSE(at.learn(standing("web", "10.96.7.7", {{kHttp, 16'001}})));  // again
  const auto assigned = at.assign({meshed("web")});
  const ir::ServiceRef web{"shop", "web"};
  CHECK(assigned.unplaced.empty());
  CHECK(assigned.addresses.at(web) == std::vector<std::string>{"10.96.7.7"});
  CHECK(assigned.listening.at(web) == AddressPlan::Listening{{"0.0.0.0"}, {{kHttp, 16'001}}});
  CHECK(at.plan->ranges().empty());
  CHECK(at.plan->learn({"smic-system", shadow_name(web)}, nullptr));
  CHECK(at.assign({meshed("web")}).addresses.empty());
}

TEST_CASE("a Service of that name without the label, or elsewhere, is none", "[shadow]") {
  Fixture at;
  resources::Service other = standing("web", "10.96.7.7", {{kHttp, 16'001}});
  other.meta.labels.clear();
  CHECK_FALSE(at.learn(other));
  other = standing("web", "10.96.7.7", {{kHttp, 16'001}});
  other.meta.ns.value = "shop";
  CHECK_FALSE(at.learn(other));
  CHECK(at.assign({meshed("web")}).addresses.empty());
}

TEST_CASE("a port that does not stand yet is not listened for, and the rest is", "[shadow]") {
  Fixture at;
  at.learn(standing("web", "10.96.7.7", {{kHttp, 16'001}}));
  const auto assigned = at.assign({meshed("web", {kDns, kHttp})});
  CHECK(assigned.listening.at({"shop", "web"}).ports ==
        std::map<Port, std::uint16_t>{{kHttp, 16'001}});
  CHECK(assigned.remarks.empty());
}

TEST_CASE("a range that is used up is told", "[shadow]") {
  Fixture at;
  at.learn(standing("a", "10.96.7.7", {{kHttp, 16'000}}));
  at.learn(standing("b", "10.96.7.8", {{kHttp, 16'001}, {kDns, 16'001}}));
  const auto assigned =
      at.assign({meshed("a"), meshed("b", {kDns, kHttp, {81, Transport::tcp}}), meshed("c")});
  REQUIRE(assigned.unplaced.size() == 1);
  CHECK_FALSE(assigned.unplaced.front().passing);
  CHECK(assigned.unplaced.front().reason == "every port of 16000-16001 is in use");
  REQUIRE(assigned.remarks.size() == 1);
  CHECK(assigned.remarks.front().what ==
        "not served on 81/TCP: every port of 16000-16001 is in use");
}

TEST_CASE("two that stand on one port are never both listened for there", "[shadow]") {
  Fixture at;
  at.learn(standing("a", "10.96.7.7", {{kHttp, 16'000}}, "2026-02-01T00:00:00Z"));
  at.learn(standing("b", "10.96.7.8", {{kHttp, 16'000}}, "2026-01-01T00:00:00Z"));
  const auto assigned = at.assign({meshed("a"), meshed("b")});
  CHECK(assigned.listening.size() == 1);
  CHECK(assigned.listening.contains({"shop", "b"}));
  CHECK(assigned.unplaced.front().passing);
}
