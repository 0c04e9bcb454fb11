// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/support/expect_diagnostic.h"
#include "tests/unit/resources/decoded.h"

using namespace smic;
using test::decoded;
using test::expect_diagnostics;

namespace {

std::string target(const std::string& version, const std::string& body) {
  return "apiVersion: access.smi-spec.io/" + version +
         "\nkind: TrafficTarget\nmetadata: {name: web-to-api, namespace: shop}\n" + body;
}

const std::string kDestination =
    "  destination: {kind: ServiceAccount, name: api, namespace: shop}\n";
const std::string kSources = "  sources: [{kind: ServiceAccount, name: web, namespace: front}]\n";
const std::string kRules = "  rules: [{kind: HTTPRouteGroup, name: api, matches: [reads]}]\n";

// A v1alpha4 target with one of its three parts replaced.
std::string with_destination(const std::string& part) {
  return target("v1alpha4", "spec:\n" + part + kSources + kRules);
}
std::string with_sources(const std::string& part) {
  return target("v1alpha4", "spec:\n" + kDestination + part + kRules);
}
std::string with_rules(const std::string& part) {
  return target("v1alpha4", "spec:\n" + kDestination + kSources + part);
}

}  // namespace

TEST_CASE("a target has a destination, sources and rules") {
  for (const char* version : {"v1alpha3", "v1alpha4"}) {
    const std::string yaml = target(version, "spec:\n" + kDestination + kSources + kRules);
    expect_diagnostics(yaml).none();
    const auto set = decoded(yaml);
    REQUIRE(set.traffic_targets.size() == 1);
    const auto& read = set.traffic_targets[0];
    CHECK(read.origin.api_version == std::string("access.smi-spec.io/") + version);
    CHECK(read.destination.name.value == "api");
    CHECK(read.destination.ns.value == "shop");
    REQUIRE(read.sources.size() == 1);
    CHECK(read.sources[0].ns.value == "front");
    REQUIRE(read.rules.size() == 1);
    CHECK(read.rules[0].kind.value == "HTTPRouteGroup");
    CHECK(read.rules[0].matches.at(0).value == "reads");
  }
}

TEST_CASE("v1alpha1 has it all on the top level, rules as specs, and a destination port") {
  const std::string yaml = target("v1alpha1",
                                  "destination: {kind: ServiceAccount, name: api, port: 8080}\n"
                                  "sources: [{kind: ServiceAccount, name: web, namespace: a}]\n"
                                  "specs: [{kind: TCPRoute, name: all}]\n");
  expect_diagnostics(yaml).only({"W16"});
  const auto read = decoded(yaml).traffic_targets.at(0);
  CHECK(read.destination.port->value == 8080);
  CHECK(read.destination.ns.value == "");
  CHECK(read.rules.at(0).kind.value == "TCPRoute");
}

TEST_CASE("v1alpha2 has it below spec, rules as rules, and a destination port") {
  const std::string yaml =
      target("v1alpha2", "spec:\n  destination: {kind: ServiceAccount, name: api, port: 8080}\n" +
                             kSources + kRules);
  expect_diagnostics(yaml).only({"W16"});
  CHECK(decoded(yaml).traffic_targets.at(0).destination.port->value == 8080);
}

TEST_CASE("a port is no field of the destination since v1alpha3") {
  const std::string yaml =
      with_destination("  destination: {kind: ServiceAccount, name: api, port: 8080}\n");
  expect_diagnostics(yaml).only({"W15"}).has("W15").at_text("port").help("TCPRoute");
  CHECK_FALSE(decoded(yaml).traffic_targets.at(0).destination.port.has_value());
}

TEST_CASE("E01: ports of old destinations are numbers, or in the oldest version text") {
  const std::string destination = "destination: {kind: ServiceAccount, name: api, port: '8080'}\n";
  CHECK(decoded(target("v1alpha1", destination)).traffic_targets.at(0).destination.port->value ==
        8080);
  expect_diagnostics(target("v1alpha2", "spec:\n  " + destination))
      .has("E01")
      .at_text("8080")
      .help("write 8080 without quotes");
  expect_diagnostics(
      target("v1alpha1", "destination: {kind: ServiceAccount, name: api, port: 70000}\n"))
      .has("E06");
}

TEST_CASE("W15: a port of a source has no meaning") {
  expect_diagnostics(target("v1alpha2", "spec:\n" + kDestination +
                                            "  sources: [{kind: ServiceAccount, name: web, "
                                            "namespace: a, port: 80}]\n" +
                                            kRules))
      .has("W15")
      .at_text("port");
}

TEST_CASE("E01: destination, kinds and names are required") {
  expect_diagnostics(with_destination("")).has("E01").message("`spec.destination` of");
  expect_diagnostics(with_destination("  destination: {kind: ServiceAccount}\n"))
      .has("E01")
      .message("`spec.destination.name` of TrafficTarget `web-to-api` is missing");
  expect_diagnostics(with_sources("  sources: [{name: web, namespace: a}]\n"))
      .has("E01")
      .message("`spec.sources[0].kind`");
  expect_diagnostics(with_rules("  rules: [{kind: TCPRoute}]\n"))
      .has("E01")
      .message("`spec.rules[0].name`");
}

TEST_CASE("E07: since v1alpha3 sources and rules are required") {
  expect_diagnostics(with_sources("")).has("E07").message("has no sources");
  expect_diagnostics(with_sources("  sources: []\n")).has("E07").at_text("sources");
  expect_diagnostics(with_rules("")).has("E07").message("has no rules");
  expect_diagnostics(with_rules("  rules: []\n")).has("E07").at_text("rules");
  expect_diagnostics(with_rules("  specs: [{kind: TCPRoute, name: x}]\n"))
      .has("E07")
      .help("`specs` is called `rules`");
}

TEST_CASE("W03: before v1alpha3 a target without sources or rules allows nothing") {
  const std::string yaml = target("v1alpha2", "spec:\n" + kDestination);
  expect_diagnostics(yaml).only({"W03", "W16"}).has("W03").times(2);
  CHECK(decoded(yaml).traffic_targets.size() == 1);
}

TEST_CASE("E08: rule kinds by version") {
  expect_diagnostics(with_rules("  rules: [{kind: UDPRoute, name: dns}]\n")).none();
  expect_diagnostics(target("v1alpha2", "spec:\n" + kDestination + kSources +
                                            "  rules: [{kind: UDPRoute, name: d}]\n"))
      .has("E08")
      .at_text("UDPRoute")
      .help("came with v1alpha3");
  expect_diagnostics(with_rules("  rules: [{kind: Ingress, name: x}]\n"))
      .has("E08")
      .at_text("Ingress")
      .help("it can be `HTTPRouteGroup`, `TCPRoute` or `UDPRoute`");
  expect_diagnostics(with_rules("  rules: [{kind: TCPRoutes, name: x}]\n"))
      .has("E08")
      .help("did you mean `TCPRoute`?");
}

TEST_CASE("E09: subject kinds by version, and their groups") {
  expect_diagnostics(with_sources("  sources: [{kind: IdentityBinding, name: web, namespace: a, "
                                  "group: access.smi-spec.io}]\n"))
      .none();
  expect_diagnostics(target("v1alpha3", "spec:\n" + kDestination + kRules +
                                            "  sources: [{kind: IdentityBinding, name: web, "
                                            "namespace: a}]\n"))
      .has("E09")
      .at_text("IdentityBinding");
  expect_diagnostics(with_sources("  sources: [{kind: Group, name: web, namespace: a}]\n"))
      .has("E09")
      .at_text("Group");
  expect_diagnostics(with_sources("  sources: [{kind: serviceaccount, name: web, namespace: a}]\n"))
      .has("E09")
      .help("did you mean `ServiceAccount`?");
  expect_diagnostics(with_sources("  sources: [{kind: ServiceAccount, name: web, namespace: a, "
                                  "group: access.smi-spec.io}]\n"))
      .has("E09")
      .at_text("access.smi-spec.io");
  expect_diagnostics(with_sources("  sources: [{kind: IdentityBinding, name: web, namespace: a, "
                                  "group: rbac}]\n"))
      .has("E09")
      .at_text("rbac");
  expect_diagnostics(target("v1alpha3", "spec:\n" + kDestination + kRules +
                                            "  sources: [{kind: ServiceAccount, name: web, "
                                            "namespace: a, group: ''}]\n"))
      .has("W15")
      .at_text("group");
}

TEST_CASE("W05: a source without a namespace is in the target's") {
  const std::string yaml = with_sources("  sources: [{kind: ServiceAccount, name: web}]\n");
  expect_diagnostics(yaml).only({"W05"}).has("W05").at_text("web").help("namespace: shop");
  CHECK(decoded(yaml).traffic_targets.at(0).sources.at(0).ns.value == "");
}

TEST_CASE("E57: names that Kubernetes would refuse") {
  expect_diagnostics(with_sources("  sources: [{kind: ServiceAccount, name: a/b, namespace: a}]\n"))
      .has("E57")
      .at_text("a/b");
  expect_diagnostics(with_rules("  rules: [{kind: TCPRoute, name: Upper}]\n"))
      .has("E57")
      .at_text("Upper");
  expect_diagnostics(with_destination("  destination: {kind: ServiceAccount, name: ''}\n"))
      .has("E57");
}

TEST_CASE("an IdentityBinding has schemes") {
  const auto binding = [](const std::string& schemes) {
    return "apiVersion: access.smi-spec.io/v1alpha4\nkind: IdentityBinding\nmetadata: {name: b}\n"
           "spec:\n  schemes:\n" +
           schemes;
  };
  const std::string good = binding(
      "    podLabelSelector:\n      matchLabels: {app: web}\n"
      "    spiffeIdentities: [spiffe://cluster.local/ns/a/sa/b, cluster.local/x]\n");
  expect_diagnostics(good).none();
  const auto read = decoded(good).identity_bindings.at(0);
  CHECK(read.pod_labels.at("app") == "web");
  CHECK(read.spiffe_identities.at(1).value == "spiffe://cluster.local/x");

  expect_diagnostics(binding("    serviceAccount: web\n")).none();
  expect_diagnostics(binding("    {}\n")).has("E11").message("has no scheme");
  expect_diagnostics(binding("    podLabelSelector: {matchLabels: {}}\n")).has("E11");
  expect_diagnostics(binding("    spiffeIdentities: []\n")).has("E11");
  expect_diagnostics(binding("    spiffeIdentities: ['spiffe://UP/x']\n")).has("E11");
  expect_diagnostics(binding("    spiffeIdentities: ['spiffe://a/b//c']\n")).has("E11");
  expect_diagnostics(binding("    spiffeIdentities: ['spiffe://a/b/']\n")).has("E11");
  expect_diagnostics(
      binding("    serviceAccount: web\n    podLabelSelector: {matchLabels: {a: b}}\n"))
      .has("E11")
      .at_text("serviceAccount")
      .note("the selector is here");
}
