// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/support/expect_diagnostic.h"
#include "tests/unit/resources/decoded.h"

using namespace smic;
using test::decoded;
using test::expect_diagnostics;

namespace {

std::string split(const std::string& version, const std::string& spec) {
  return "apiVersion: split.smi-spec.io/" + version +
         "\nkind: TrafficSplit\nmetadata: {name: canary, namespace: shop}\nspec:\n" + spec;
}

// A split of two backends with these weights.
std::string weighed(const std::string& version, const std::string& a, const std::string& b) {
  return split(version, "  service: web\n  backends:\n  - {service: web-a, weight: " + a +
                            "}\n  - {service: web-b, weight: " + b + "}\n");
}

std::vector<std::uint32_t> weights_of(const std::string& yaml) {
  std::vector<std::uint32_t> weights;
  for (const auto& backend : decoded(yaml).traffic_splits.at(0).backends) {
    weights.push_back(backend.weight.value);
  }
  return weights;
}

using Weights = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("a split has a root, backends in the order written, and conditions") {
  const std::string yaml = split("v1alpha4", R"(  service: web
  matches:
  - kind: HTTPRouteGroup
    name: beta
    apiGroup: specs.smi-spec.io
  backends:
  - service: web-b
    weight: 9
  - service: web-a
    weight: 0
)");
  expect_diagnostics(yaml).none();
  const auto read = decoded(yaml).traffic_splits.at(0);
  CHECK(read.service.value == "web");
  REQUIRE(read.backends.size() == 2);
  CHECK(read.backends[0].service.value == "web-b");
  CHECK(read.backends[0].weight.value == 9);
  CHECK(read.backends[1].weight.value == 0);
  REQUIRE(read.matches.size() == 1);
  CHECK(read.matches[0].name.value == "beta");
}

TEST_CASE("weights are whole numbers from 0 to 2147483647") {
  CHECK(weights_of(weighed("v1alpha4", "2147483647", "0")) == Weights{2147483647, 0});
  CHECK(weights_of(weighed("v1alpha2", "75", "25")) == Weights{75, 25});
  CHECK(weights_of(weighed("v1alpha3", "1.0", "1e2")) == Weights{1, 100});
}

TEST_CASE("E12: weights that are no counts") {
  expect_diagnostics(weighed("v1alpha4", "-1", "1")).has("E12").at_text("-1").message("negative");
  expect_diagnostics(weighed("v1alpha3", "0.5", "1"))
      .has("E12")
      .at_text("0.5")
      .message("not a whole number");
  expect_diagnostics(weighed("v1alpha4", "2147483648", "1"))
      .has("E12")
      .at_text("2147483648")
      .message("too large");
  expect_diagnostics(weighed("v1alpha4", "99999999999999999999999999999999999999999", "1"))
      .has("E12");
}

TEST_CASE("E01: weights of another type") {
  expect_diagnostics(weighed("v1alpha4", "'50'", "1"))
      .has("E01")
      .at_text("50")
      .help("write 50 without quotes");
  expect_diagnostics(weighed("v1alpha4", "50%", "1")).has("E01").at_text("50%");
  expect_diagnostics(weighed("v1alpha4", "[1]", "1")).has("E01");
  expect_diagnostics(weighed("v1alpha4", "", "1"))
      .has("E01")
      .message("`spec.backends[0].weight` of TrafficSplit `canary` is missing");
  expect_diagnostics(weighed("v1alpha1", "lots", "1")).has("E01").at_text("lots");
  expect_diagnostics(weighed("v1alpha4", "500m", "1")).has("E01").at_text("500m");
}

TEST_CASE("v1alpha1 quantities become whole numbers in the same ratio") {
  CHECK(weights_of(weighed("v1alpha1", "1", "100")) == Weights{1, 100});
  CHECK(weights_of(weighed("v1alpha1", "1", "500m")) == Weights{1000, 500});
  CHECK(weights_of(weighed("v1alpha1", "'1'", "'500m'")) == Weights{1000, 500});
  CHECK(weights_of(weighed("v1alpha1", "1k", "1")) == Weights{1000, 1});
  CHECK(weights_of(weighed("v1alpha1", "10m", "1500m")) == Weights{10, 1500});
  expect_diagnostics(weighed("v1alpha1", "-1", "1")).has("E12");
}

TEST_CASE("E12: a split needs backends") {
  expect_diagnostics(split("v1alpha4", "  service: web\n")).has("E12").message("no backends");
  expect_diagnostics(split("v1alpha4", "  service: web\n  backends: []\n"))
      .has("E12")
      .at_text("backends");
}

TEST_CASE("E16: conditions are HTTPRouteGroups") {
  const auto with_match = [](const std::string& match) {
    return split("v1alpha4", "  service: web\n  backends: [{service: a, weight: 1}]\n  matches: [" +
                                 match + "]\n");
  };
  expect_diagnostics(with_match("{kind: TCPRoute, name: x}")).has("E16").at_text("TCPRoute");
  expect_diagnostics(with_match("{kind: HttpRouteGroup, name: x}"))
      .has("E16")
      .help("did you mean `HTTPRouteGroup`?");
  expect_diagnostics(with_match("{kind: HTTPRouteGroup, name: x, apiGroup: apps}"))
      .has("E16")
      .at_text("apps");
  expect_diagnostics(
      with_match("{kind: HTTPRouteGroup, name: x, apiGroup: specs.smi-spec.io/v1alpha4}"))
      .none();
  expect_diagnostics(with_match("{kind: HTTPRouteGroup}")).has("E01").message("matches[0].name");
}

TEST_CASE("conditions came with v1alpha3") {
  const std::string spec =
      "  service: web\n  backends: [{service: a, weight: 1}]\n"
      "  matches: [{kind: HTTPRouteGroup, name: x}]\n";
  expect_diagnostics(split("v1alpha2", spec)).only({"W15", "W16"}).has("W15").at_text("matches");
  CHECK(decoded(split("v1alpha2", spec)).traffic_splits.at(0).matches.empty());
  CHECK(decoded(split("v1alpha3", spec)).traffic_splits.at(0).matches.size() == 1);
}

TEST_CASE("E01: a split needs a root") {
  expect_diagnostics(split("v1alpha4", "  backends: [{service: a, weight: 1}]\n"))
      .has("E01")
      .message("`spec.service` of TrafficSplit `canary` is missing");
}
