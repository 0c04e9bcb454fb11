// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "controller/controller.h"

using namespace smic;
using controller::AddressPlan;
using controller::loopback_plan;

namespace {

std::set<ir::ServiceRef> many_services(int count) {
  std::set<ir::ServiceRef> services;
  for (int i = 0; i < count; ++i) services.insert({"shop", "service-" + std::to_string(i)});
  return services;
}

std::set<std::string> addresses_in(const AddressPlan::Addresses& addresses) {
  std::set<std::string> values;
  for (const auto& [service, address] : addresses) values.insert(address);
  return values;
}

}  // namespace

TEST_CASE("every service gets an address of its own, outside 127.0.0.0/16") {
  const auto services = many_services(20'000);
  const auto addresses = loopback_plan()->assign(services, {}).value();
  CHECK(addresses.size() == services.size());
  CHECK(addresses_in(addresses).size() == services.size());
  for (const auto& [service, address] : addresses) {
    REQUIRE(address.starts_with("127."));
    REQUIRE_FALSE(address.starts_with("127.0."));
    REQUIRE_FALSE(address.ends_with(".0"));
    REQUIRE_FALSE(address.ends_with(".255"));
  }
}

TEST_CASE("an address depends on the name alone, so it survives a restart and its neighbours") {
  const ir::ServiceRef web{"shop", "web"};
  const auto alone = loopback_plan()->assign({web}, {}).value();
  auto many = many_services(100);
  many.insert(web);
  CHECK(loopback_plan()->assign(many, {}).value().at(web) == alone.at(web));
}

TEST_CASE("no service is put where a pod or an endpoint lives") {
  const ir::ServiceRef web{"shop", "web"};
  auto plan = loopback_plan();
  const std::string first = plan->assign({web}, {}).value().at(web);
  SECTION("from the start") {
    CHECK(loopback_plan()->assign({web}, {first}).value().at(web) != first);
  }
  SECTION("nor stays there when a pod moves in") {
    CHECK(plan->assign({web}, {first}).value().at(web) != first);
  }
}

TEST_CASE("a service keeps its address when the one it collided with goes away") {
  const ir::ServiceRef web{"shop", "web"};
  auto plan = loopback_plan();
  const std::string wanted = loopback_plan()->assign({web}, {}).value().at(web);
  const std::string second = plan->assign({web}, {wanted}).value().at(web);
  CHECK(plan->assign({web}, {}).value().at(web) == second);
}
