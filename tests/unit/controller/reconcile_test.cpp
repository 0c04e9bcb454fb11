// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "controller/controller.h"

using namespace smic;
using controller::loopback_plan;
using controller::Reconciler;
using controller::Update;

namespace {

const std::string kShop = R"(
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web-1, namespace: shop, labels: {app: web}}
spec: {serviceAccountName: web}
status: {phase: Running, podIP: 127.0.0.21}
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec: {selector: {app: cart}, ports: [{port: 8080}]}
---
apiVersion: v1
kind: Pod
metadata: {name: cart-1, namespace: shop, labels: {app: cart}}
spec: {serviceAccountName: cart}
status: {phase: Running, podIP: 127.0.0.22}
)";

std::string split_of(const std::string& root, const std::string& weight) {
  return "apiVersion: split.smi-spec.io/v1alpha4\nkind: TrafficSplit\n"
         "metadata: {name: s, namespace: shop}\nspec:\n  service: " +
         root + "\n  backends: [{service: cart, weight: " + weight + "}]\n";
}

Reconciler reconciler() { return Reconciler({}, loopback_plan()); }

Result<Update> reconcile(Reconciler& with, const std::map<std::string, std::string>& files) {
  Sources sources;
  for (const auto& [name, text] : files) sources.add(name, text);
  Diagnostics diagnostics(sources);
  return with.reconcile(sources, diagnostics);
}

const contract::Unit& unit_of(const Update& update, const std::string& service) {
  for (const contract::Unit& unit : update.manifest.units) {
    if (unit.service == service) return unit;
  }
  FAIL("there is no unit of " << service);
  std::abort();
}

}  // namespace

TEST_CASE("a manifest has a unit per service and port, with address, image and endpoints") {
  auto with = reconciler();
  const auto update = reconcile(with, {{"shop.yaml", kShop}});
  REQUIRE(update.has_value());
  CHECK(update->manifest.version == 1);
  REQUIRE(update->manifest.units.size() == 2);
  const contract::Unit& web = unit_of(*update, "shop/web");
  CHECK(web.listen_addresses.front().starts_with("127."));
  CHECK(web.listen_port == 80);
  REQUIRE(web.backends.size() == 1);
  REQUIRE(web.backends[0].endpoints.size() == 1);
  CHECK(web.backends[0].endpoints[0].address == "127.0.0.21");
  CHECK(web.backends[0].endpoints[0].identity == "shop/web");
  REQUIRE(update->images.contains(web.image));
  CHECK(contract::digest_of(update->images.find(web.image)->unpack()) == web.image);
  CHECK(update->manifest_of("local").identities.size() == 2);
}

TEST_CASE("the same input is the same version, and compiles nothing") {
  auto with = reconciler();
  const auto first = reconcile(with, {{"shop.yaml", kShop}});
  const auto second = reconcile(with, {{"shop.yaml", kShop}});
  REQUIRE(second.has_value());
  CHECK(first->compiled == 2);
  CHECK(second->compiled == 0);
  CHECK(second->manifest == first->manifest);
}

TEST_CASE("what did not change is the same object in the next version") {
  auto with = reconciler();
  const auto before = reconcile(with, {{"shop.yaml", kShop}});
  const auto after = reconcile(with, {{"shop.yaml", kShop}, {"split.yaml", split_of("web", "1")}});
  REQUIRE(after.has_value());
  CHECK(after->manifest.units[0].same_object(before->manifest.units[0]));  // shop/cart
  CHECK_FALSE(after->manifest.units[1].same_object(before->manifest.units[1]));
  CHECK(after->nodes.at("local") == before->nodes.at("local"));
}

TEST_CASE("pods are of the node that they say, where there are nodes") {
  Reconciler with({}, loopback_plan(), controller::OnMistake::leave_out, {"mesh"},
                  controller::Nodes::by_pod);
  std::string placed = kShop;
  placed.replace(placed.find("{serviceAccountName: web}"), 1, "{nodeName: one, ");
  const auto update = reconcile(with, {{"shop.yaml", placed}});
  REQUIRE(update.has_value());
  CHECK(update->nodes.size() == 1);  // the other pod is on no node yet
  CHECK(update->manifest_of("one").identities.size() == 1);
  CHECK(update->manifest_of("two").identities.empty());
}

TEST_CASE("a change recompiles the unit it concerns, and no other") {
  auto with = reconciler();
  const auto before = reconcile(with, {{"shop.yaml", kShop}});
  const auto after = reconcile(with, {{"shop.yaml", kShop}, {"split.yaml", split_of("web", "1")}});
  REQUIRE(after.has_value());
  CHECK(after->compiled == 1);
  CHECK(after->manifest.version == 2);
  CHECK(unit_of(*after, "shop/cart") == unit_of(*before, "shop/cart"));
  CHECK(unit_of(*after, "shop/web").routes[0].origin.resource == "TrafficSplit shop/s");
}

TEST_CASE("a change of endpoints compiles nothing") {
  auto with = reconciler();
  reconcile(with, {{"shop.yaml", kShop}});
  std::string moved = kShop;
  moved.replace(moved.find("127.0.0.21"), 10, "127.0.0.31");
  const auto after = reconcile(with, {{"shop.yaml", moved}});
  REQUIRE(after.has_value());
  CHECK(after->compiled == 0);
  CHECK(after->manifest.version == 2);
  CHECK(unit_of(*after, "shop/web").backends[0].endpoints[0].address == "127.0.0.31");
}

TEST_CASE("an edit with a new error leaves the version in force") {
  auto with = reconciler();
  const auto good = split_of("web", "1");
  reconcile(with, {{"shop.yaml", kShop}, {"split.yaml", good}});
  SECTION("a broken resource") {
    const auto broken =
        reconcile(with, {{"shop.yaml", kShop}, {"split.yaml", split_of("web", "-1")}});
    REQUIRE_FALSE(broken.has_value());
    CHECK(broken.error().message.find("version 1 stays in force") != std::string::npos);
  }
  SECTION("a file that is no YAML any more, and would take its services along") {
    REQUIRE_FALSE(reconcile(with, {{"shop.yaml", "{{{" + kShop}, {"split.yaml", good}}));
  }
  SECTION("the same mistake on other lines after it was refused once") {
    REQUIRE_FALSE(reconcile(with, {{"shop.yaml", kShop}, {"split.yaml", split_of("web", "-1")}}));
    REQUIRE_FALSE(
        reconcile(with, {{"shop.yaml", kShop}, {"split.yaml", "\n" + split_of("web", "-1")}}));
  }
  const auto repaired = reconcile(with, {{"shop.yaml", kShop}, {"split.yaml", good}});
  REQUIRE(repaired.has_value());
  CHECK(repaired->manifest.version == 1);
}

TEST_CASE("what is good is served from the start, and an old error does not freeze the rest") {
  auto with = reconciler();
  const std::string broken = split_of("web", "-1");
  const auto first = reconcile(with, {{"shop.yaml", kShop}, {"split.yaml", broken}});
  REQUIRE(first.has_value());
  CHECK(first->manifest.units.size() == 2);
  const auto second =
      reconcile(with, {{"more.yaml",
                        "apiVersion: v1\nkind: Service\nmetadata: {name: new, namespace: shop}\n"
                        "spec: {ports: [{port: 80}]}\n"},
                       {"shop.yaml", kShop},
                       {"split.yaml", "# the same mistake, a line below\n" + broken}});
  REQUIRE(second.has_value());
  CHECK(second->manifest.units.size() == 3);
}

TEST_CASE("where others must not wait, a resource with a mistake is left out at once") {
  Reconciler with({}, loopback_plan(), controller::OnMistake::leave_out);
  REQUIRE(reconcile(with, {{"shop.yaml", kShop}, {"split.yaml", split_of("web", "5")}}));
  const auto update =
      reconcile(with, {{"shop.yaml", kShop}, {"split.yaml", split_of("web", "-1")}});
  REQUIRE(update.has_value());
  CHECK(update->manifest.version == 2);
  const contract::Unit& web = unit_of(*update, "shop/web");
  REQUIRE(web.backends.size() == 1);
  CHECK(web.backends[0].service == "shop/web");
}

TEST_CASE("no mesh address is one where a pod lives") {
  const auto alone = [] {
    auto with = reconciler();
    return unit_of(*reconcile(with, {{"shop.yaml", kShop}}), "shop/web").listen_addresses.front();
  }();
  std::string occupied = kShop;
  occupied.replace(occupied.find("127.0.0.22"), 10, alone);
  auto with = reconciler();
  const auto update = reconcile(with, {{"shop.yaml", occupied}});
  REQUIRE(update.has_value());
  CHECK(unit_of(*update, "shop/web").listen_addresses.front() != alone);
}
