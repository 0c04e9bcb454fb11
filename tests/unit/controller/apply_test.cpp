// SPDX-License-Identifier: Apache-2.0
// Reconciling by object; that it is right is tested by tests/differential/incremental_test.cpp.
#include <catch2/catch.hpp>

#include "controller/controller.h"

using namespace smic;
using controller::Reconciler;
using controller::Update;

namespace {

const std::vector<std::string> kTargets{"aarch64", "x86_64-v2", "x86_64-v3"};

incremental::Change object(const std::string& kind, const std::string& name, std::string rest) {
  const std::string text = "{\"kind\":\"" + kind + "\",\"metadata\":{\"name\":\"" + name +
                           "\",\"namespace\":\"shop\"}," + std::move(rest) + "}";
  return {{kind, "shop", name}, std::make_shared<const std::string>(text)};
}

incremental::Change service(const std::string& name) {
  return object("Service", name,
                R"("apiVersion":"v1","spec":{"selector":{"app":")" + name +
                    R"("},"ports":[{"port":80,"name":"http"}]})");
}

incremental::Change endpoint_of(const std::string& name, const std::string& address) {
  return object(
      "EndpointSlice", name,
      R"("apiVersion":"discovery.k8s.io/v1","addressType":"IPv4","ports":[{"name":"http",)"
      R"("port":8080}],"endpoints":[{"addresses":[")" +
          address + R"("],"conditions":{"ready":true}}])");
}

incremental::Change split(const std::string& weight) {
  return object("TrafficSplit", "s",
                R"("apiVersion":"split.smi-spec.io/v1alpha4","spec":{"service":"web","backends":[)"
                R"({"service":"v1","weight":)" +
                    weight + R"(},{"service":"v2","weight":1}]})");
}

Reconciler reconciler() {
  return {{.targets = kTargets}, controller::loopback_plan(), controller::OnMistake::leave_out};
}

Update apply(Reconciler& with, const std::vector<incremental::Change>& changes) {
  auto update = with.apply(changes);
  REQUIRE(update.has_value());
  return *update;
}

const contract::Shared<contract::Unit>& unit_of(const Update& update, const std::string& service) {
  for (const auto& unit : update.manifest.units) {
    if (unit->service == service) return unit;
  }
  FAIL("there is no unit of " << service);
  std::abort();
}

// The CPUs that it has code for; every image that it names is there.
std::vector<std::string> code_of(const Update& update, const std::string& service) {
  const contract::Unit& unit = unit_of(update, service);
  const auto target = [&](const std::string& digest) {
    return contract::read_image(update.images.find(digest)->unpack())->target;
  };
  CHECK(target(unit.image) == contract::kPortableTarget);
  std::vector<std::string> targets;
  for (const contract::NativeImage& native : unit.native) {
    CHECK(target(native.digest) == native.target);
    targets.push_back(native.target);
  }
  return targets;
}

}  // namespace

TEST_CASE("what a change does not concern is the same object") {
  Reconciler with = reconciler();
  const Update before = apply(with, {service("web"), service("v1"), service("v2"), split("1")});
  CHECK(before.manifest.version == 1);
  CHECK(before.manifest.units.size() == 3);
  const Update after = apply(with, {split("2")});
  CHECK(after.manifest.version == 2);
  CHECK(unit_of(after, "shop/v1").same_object(unit_of(before, "shop/v1")));
  CHECK(unit_of(after, "shop/web")->routes[0].split[0].weight == 2);
}

TEST_CASE("what says the same again is no version") {
  Reconciler with = reconciler();
  apply(with, {service("web"), service("v1"), service("v2"), split("1")});
  CHECK(apply(with, {split("1")}).manifest.version == 1);
  CHECK(apply(with, {}).manifest.version == 1);
}

TEST_CASE("a changed unit is its tables at once, and native code when there is time") {
  Reconciler with = reconciler();
  const Update before = apply(with, {service("web"), service("v1"), service("v2"), split("1")});
  CHECK_FALSE(with.unfinished());
  CHECK(code_of(before, "shop/web") == kTargets);
  const Update tables = apply(with, {split("7")});
  CHECK(code_of(tables, "shop/web").empty());
  REQUIRE(with.unfinished());
  const auto native = with.finish();
  REQUIRE(native.has_value());
  CHECK_FALSE(with.unfinished());
  CHECK(native->manifest.version == tables.manifest.version + 1);
  CHECK(code_of(*native, "shop/web") == kTargets);
  CHECK(unit_of(*native, "shop/web")->image == unit_of(tables, "shop/web")->image);
  CHECK(unit_of(*native, "shop/web")->routes == unit_of(tables, "shop/web")->routes);
  CHECK(native->images.size() == before.images.size());
}

TEST_CASE("a unit of which only endpoints change keeps its code") {
  Reconciler with = reconciler();
  auto slice = endpoint_of("web", "10.0.0.1");
  const auto labelled = [](incremental::Change change) {
    std::string text = *change.text;
    const std::string name = R"("name":"web","namespace":"shop")";
    text.replace(text.find(name), name.size(),
                 name + R"(,"labels":{"kubernetes.io/service-name":"web"})");
    change.text = std::make_shared<const std::string>(text);
    return change;
  };
  const Update before = apply(with, {service("web"), labelled(slice)});
  REQUIRE(unit_of(before, "shop/web")->backends.at(0).endpoints.size() == 1);
  const Update after = apply(with, {labelled(endpoint_of("web", "10.0.0.2"))});
  CHECK(unit_of(after, "shop/web")->backends.at(0).endpoints.at(0).address == "10.0.0.2");
  CHECK(code_of(after, "shop/web") == kTargets);
  CHECK(after.compiled == 0);
  CHECK_FALSE(with.unfinished());
}

TEST_CASE("a broken object is left out and told, and the rest goes on") {
  Reconciler with = reconciler();
  apply(with, {service("web"), service("v1")});
  const auto update = with.apply(
      std::vector{object("Service", "v1", R"("apiVersion":"v1","spec":{"ports":[{"port":0}]})"),
                  service("api")});
  REQUIRE(update.has_value());
  CHECK(update->manifest.units.size() == 2);
  CHECK(with.said().has_errors());
}
