// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "controller/controller.h"

using namespace smic;
using controller::AddressPlan;
using controller::loopback_plan;

namespace {

using Services = std::vector<controller::MeshedService>;

const ir::ServiceRef kWeb{"shop", "web"};

Services many_services(int count) {
  Services services;
  for (int i = 0; i < count; ++i) services.push_back({{"shop", "service-" + std::to_string(i)}});
  return services;
}

AddressPlan::Addresses assign(AddressPlan& plan, const Services& services,
                              const std::set<std::string>& taken = {}) {
  auto assigned =
      plan.assign(services, [&](const std::string& address) { return taken.contains(address); });
  REQUIRE(assigned.has_value());
  CHECK(assigned->unplaced.empty());
  return assigned->addresses;
}

std::string address_of_web(AddressPlan& plan, const std::set<std::string>& taken = {}) {
  return assign(plan, {{kWeb}}, taken).at(kWeb).front();
}

}  // namespace

TEST_CASE("every service gets an address of its own, outside 127.0.0.0/16") {
  const auto services = many_services(20'000);
  const auto addresses = assign(*loopback_plan(), services);
  CHECK(addresses.size() == services.size());
  std::set<std::string> values;
  for (const auto& [service, list] : addresses) {
    REQUIRE(list.size() == 1);
    const std::string& address = list.front();
    values.insert(address);
    REQUIRE(address.starts_with("127."));
    REQUIRE_FALSE(address.starts_with("127.0."));
    REQUIRE_FALSE(address.ends_with(".0"));
    REQUIRE_FALSE(address.ends_with(".255"));
  }
  CHECK(values.size() == services.size());
}

TEST_CASE("an address depends on the name alone, so it survives a restart and its neighbours") {
  auto many = many_services(100);
  many.push_back({kWeb});
  CHECK(assign(*loopback_plan(), many).at(kWeb).front() == address_of_web(*loopback_plan()));
}

TEST_CASE("no service is put where a pod or an endpoint lives") {
  auto plan = loopback_plan();
  const std::string first = address_of_web(*plan);
  SECTION("from the start") { CHECK(address_of_web(*loopback_plan(), {first}) != first); }
  SECTION("nor stays there when a pod moves in") { CHECK(address_of_web(*plan, {first}) != first); }
}

TEST_CASE("a service keeps its address when the one it collided with goes away") {
  auto plan = loopback_plan();
  const std::string wanted = address_of_web(*loopback_plan());
  const std::string second = address_of_web(*plan, {wanted});
  CHECK(address_of_web(*plan) == second);
}
