// SPDX-License-Identifier: Apache-2.0
#include "controller/cluster_dns/plan.h"

#include <catch2/catch.hpp>

using namespace smic;
using cluster_dns::ConfigMap;
using cluster_dns::Kind;
using cluster_dns::Outcome;
using cluster_dns::Plan;
using cluster_dns::Running;
using cluster_dns::Texts;

namespace {

const std::string kCorefile =
    ".:53 {\n    kubernetes corp.example 10.in-addr.arpa\n    forward . 192.0.2.1\n    reload\n}\n";
const std::string kHooked = kCorefile + "import custom/*.server\n";

Running coredns() {
  return {.ns = "kube-system",
          .service = "kube-dns",
          .servers = {{"10.0.0.2", 53, "dns-1"}},
          .configuration = {.kind = Kind::coredns,
                            .config_map = "coredns",
                            .key = "Corefile",
                            .directory = "/etc/coredns",
                            .mounted = {{"/etc/coredns/custom", "coredns-custom"}}}};
}

Running kube_dns() {
  Running running = coredns();
  running.configuration = {.kind = Kind::kube_dns, .config_map = "kube-dns", .key = "stubDomains"};
  return running;
}

ConfigMap map(std::string name, std::map<std::string, std::string> data) {
  return {.ns = "kube-system", .name = std::move(name), .version = "7", .data = std::move(data)};
}

Texts texts(const std::string& corefile, std::map<std::string, std::string> custom = {}) {
  return {.configuration = map("coredns", {{"Corefile", corefile}, {"NodeHosts", "x"}}),
          .mounted = {{"/etc/coredns/custom", map("coredns-custom", std::move(custom))}}};
}

const dns_stub::Stub kStub{.zones = {"mesh"}, .responders = {"10.96.0.53"}};

// As the API has them after a plan was carried out.
Texts after(Texts texts, const Plan& plan) {
  for (const auto& edit : plan.edits) {
    ConfigMap& changed = edit.map.name == texts.configuration.name ? texts.configuration
                                                                   : texts.mounted.begin()->second;
    if (edit.after) {
      changed.data[edit.key] = *edit.after;
    } else {
      changed.data.erase(edit.key);
    }
  }
  return texts;
}

std::string refusal(const Outcome<Plan>& plan) {
  if (plan) return "none";
  CHECK(plan.error().kind == cluster_dns::Trouble::Kind::refused);
  return plan.error().message;
}

}  // namespace

TEST_CASE("without an import hook the block goes into the Corefile", "[cluster_dns]") {
  const Texts before = texts(kCorefile);
  const auto plan = plan_to_add(coredns(), before, kStub);
  REQUIRE(plan);
  REQUIRE(plan->edits.size() == 1);
  CHECK(plan->edits[0].place() == "kube-system/coredns Corefile");
  CHECK(plan->edits[0].before == kCorefile);
  CHECK(plan->cluster_domain == "corp.example");
  CHECK_FALSE(before.mention("mesh"));
  CHECK(after(before, *plan).mention("mesh"));
  CHECK_FALSE(after(before, *plan).mention("shop.svc.corp.example"));
  // Again: nothing to do. Back: as it was.
  CHECK(plan_to_add(coredns(), after(before, *plan), kStub)->edits.empty());
  const auto back = plan_to_restore(coredns(), after(before, *plan));
  REQUIRE(back);
  CHECK(back->edits.at(0).after == kCorefile);
  CHECK(plan_to_restore(coredns(), before)->edits.empty());
}

TEST_CASE("with an import hook it goes there, and out of the Corefile", "[cluster_dns]") {
  const auto in_file = plan_to_add(coredns(), texts(kCorefile), kStub);
  REQUIRE(in_file);
  const Texts before = texts(*in_file->edits[0].after + "import custom/*.server\n",
                             {{"acme.server", "acme.example:53 {\n}\n"}});
  const auto plan = plan_to_add(coredns(), before, kStub);
  REQUIRE(plan);
  REQUIRE(plan->edits.size() == 2);
  CHECK(plan->edits[0].after == kHooked);
  CHECK(plan->edits[1].place() == "kube-system/coredns-custom smic.server");
  CHECK(plan->edits[1].before == std::nullopt);
  CHECK(plan->edits[1].after->find("mesh:53 {") != std::string::npos);
  const auto back = plan_to_restore(coredns(), after(before, *plan));
  REQUIRE(back);
  REQUIRE(back->edits.size() == 1);
  CHECK(back->edits[0].key == "smic.server");
  CHECK(back->edits[0].after == std::nullopt);
}

TEST_CASE("a hook that no volume brings, or that nobody may change, is none", "[cluster_dns]") {
  Running running = coredns();
  running.configuration.mounted.clear();
  Texts unmounted = texts(kHooked);
  unmounted.mounted.clear();
  CHECK(plan_to_add(running, unmounted, kStub)->edits.at(0).key == "Corefile");
  Texts immutable = texts(kHooked);
  immutable.mounted.begin()->second.immutable = true;
  CHECK(plan_to_add(coredns(), immutable, kStub)->edits.at(0).key == "Corefile");
}

TEST_CASE("what CoreDNS would not load or not live by is refused", "[cluster_dns]") {
  CHECK(refusal(plan_to_add(coredns(), texts(".:53 {\n"), kStub)).find("[E80]") !=
        std::string::npos);
  CHECK(refusal(plan_to_add(coredns(), texts(".:53 {\n  forward . 192.0.2.1\n}\n"), kStub))
            .find("it has no `reload`") != std::string::npos);
  // Somebody else's file at the hook has our zone.
  CHECK(refusal(plan_to_add(coredns(), texts(kHooked, {{"x.server", "mesh:53 {\n}\n"}}), kStub))
            .find("the zone `mesh` is here already") != std::string::npos);
  CHECK(refusal(
            plan_to_add(coredns(), texts(kCorefile), {{"shop.svc.cluster.local"}, {"10.96.0.53"}}))
            .find("not in this cluster's domain, which is corp.example") != std::string::npos);
  Texts gone = texts(kCorefile);
  gone.configuration.data.erase("Corefile");
  CHECK(refusal(plan_to_add(coredns(), gone, kStub)).find("there is no text") != std::string::npos);
}

TEST_CASE("kube-dns gets stub domains, and loses them without a trace", "[cluster_dns]") {
  const std::string others = R"({"acme.local": ["1.2.3.4"]})";
  const Texts before{.configuration = map("kube-dns", {{"stubDomains", others}})};
  const auto plan = plan_to_add(kube_dns(), before, kStub);
  REQUIRE(plan);
  CHECK(plan->cluster_domain == "cluster.local");
  CHECK(after(before, *plan).mention("mesh"));
  CHECK(plan_to_restore(kube_dns(), after(before, *plan))->edits.at(0).after == others);

  // No such key, or no such ConfigMap at all: then it goes again.
  const Texts bare{.configuration = {.ns = "kube-system", .name = "kube-dns"}};
  const auto made = plan_to_add(kube_dns(), bare, kStub);
  REQUIRE(made);
  CHECK(made->edits.at(0).before == std::nullopt);
  CHECK(plan_to_restore(kube_dns(), after(bare, *made))->edits.at(0).after == std::nullopt);
  CHECK(plan_to_restore(kube_dns(), bare)->edits.empty());

  CHECK(refusal(plan_to_add(kube_dns(), bare, {{"local"}, {"10.96.0.53"}}))
            .find("would take cluster.local away") != std::string::npos);
}

TEST_CASE("a plan's difference names each place", "[cluster_dns]") {
  const auto plan = plan_to_add(coredns(), texts(kHooked), kStub);
  REQUIRE(plan);
  CHECK(difference(*plan).starts_with("--- kube-system/coredns-custom smic.server\n+++ "));
}
