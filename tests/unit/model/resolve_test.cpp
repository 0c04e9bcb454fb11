// SPDX-License-Identifier: Apache-2.0
// Size: every step must stay near linear. The bounds are far above what it takes, and far below
// what a quadratic step would need (10,000 × 100,000 comparisons of names: minutes).
#include <catch2/catch.hpp>
#include <chrono>
#include <set>

#include "tests/unit/model/resolved.h"

using namespace smic;
using namespace smic::test;

namespace {

constexpr std::size_t kServices = 10'000;
constexpr std::size_t kPodsPerService = 10;
constexpr std::size_t kMatchesPerGroup = 10;

std::string numbered(const char* prefix, std::size_t i) { return prefix + std::to_string(i); }

resources::Text text(std::string value) { return {std::move(value), Span{SourceId(0), 1, 1, 1}}; }

resources::Metadata meta(std::string name) {
  resources::Metadata meta;
  meta.name = text(std::move(name));
  meta.ns = text("shop");
  return meta;
}

void add_service(resources::Set& set, std::size_t i) {
  resources::Service service;
  service.meta = meta(numbered("s", i));
  service.selector = {{"app", numbered("a", i)}, {"part-of", "shop"}};
  service.ports.push_back({"http", {80, {}}, std::uint16_t{8080}, "TCP", ""});
  set.services.push_back(std::move(service));
}

void add_pods(resources::Set& set, std::size_t i) {
  for (std::size_t p = 0; p < kPodsPerService; ++p) {
    resources::Pod pod;
    const std::size_t number = i * kPodsPerService + p;
    pod.meta = meta(numbered("p", number));
    pod.shape.labels = {{"app", numbered("a", i)}, {"part-of", "shop"}};
    pod.shape.service_account = numbered("sa", i);
    pod.ips.push_back(numbered("10.", number));
    set.pods.push_back(std::move(pod));
  }
}

void add_policy(resources::Set& set, std::size_t i) {
  resources::HttpRouteGroup group;
  group.meta = meta(numbered("g", i));
  for (std::size_t m = 0; m < kMatchesPerGroup; ++m) {
    resources::HttpMatch match;
    match.name = text(numbered("m", m));
    match.path_regex = text("/api/" + std::to_string(i) + "/" + std::to_string(m) + "/");
    group.matches.push_back(std::move(match));
  }
  set.http_route_groups.push_back(std::move(group));
  resources::TrafficTarget target;
  target.meta = meta(numbered("t", i));
  const auto subject = [](std::string name) {
    return resources::Subject{text("ServiceAccount"), text(std::move(name)), text("shop"), {}, {}};
  };
  target.destination = subject(numbered("sa", i));
  target.sources.push_back(subject(numbered("sa", (i + 1) % kServices)));
  target.rules.push_back({text("HTTPRouteGroup"), text(numbered("g", i)), {}, {}});
  set.traffic_targets.push_back(std::move(target));
}

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

TEST_CASE("10,000 services, 100,000 endpoints and 100,000 matches resolve in seconds") {
  Sources sources;
  sources.add("mesh.yaml", "");
  Diagnostics diagnostics(sources);
  resources::Set set;
  for (std::size_t i = 0; i < kServices; ++i) {
    add_service(set, i);
    add_pods(set, i);
    add_policy(set, i);
  }
  model::Mesh mesh;
  const double seconds = seconds_of([&] { mesh = model::resolve(set, {}, diagnostics); });
  CHECK(mesh.services.size() == kServices);
  CHECK(mesh.pods.size() == kServices * kPodsPerService);
  CHECK(mesh.matches.size() == kServices * kMatchesPerGroup);
  CHECK(mesh.access.size() == kServices);
  CHECK(mesh.services[0].endpoints.size() == kPodsPerService);
  INFO("resolved in " << seconds << " s");
  CHECK(seconds < 30);
}

TEST_CASE("a wrong name in every object is told without comparing all names with all") {
  Sources sources;
  sources.add("mesh.yaml", "");
  Diagnostics diagnostics(sources);
  resources::Set set;
  for (std::size_t i = 0; i < kServices; ++i) {
    add_service(set, i);
    add_policy(set, i);
    set.traffic_targets.back().rules[0].name = text(numbered("grp", i));
    resources::TrafficSplit split;
    split.meta = meta(numbered("split", i));
    split.service = text(numbered("sarvice", i));
    split.backends.push_back({text(numbered("sx", i)), {1, {}}});
    set.traffic_splits.push_back(std::move(split));
  }
  const double seconds = seconds_of([&] { model::resolve(set, {}, diagnostics); });
  CHECK(diagnostics.warning_count() >= kServices);
  CHECK(seconds < 30);
}

TEST_CASE("pods multiplied by Services stay within their limit, and that is told") {
  model::Options options;
  options.limits.endpoints = 5;
  std::string yaml;
  for (const char* name : {"shop/a", "shop/b", "shop/c"}) {
    yaml += object("v1", "Service", name, "spec: {selector: {app: x}, ports: [{port: 80}]}");
    yaml += pod(name, "web", "10.0.0." + std::to_string(yaml.size() % 250), "x");
  }
  const Resolved mesh(yaml, options);
  CHECK(mesh.service("shop", "a").endpoints.size() == 3);
  CHECK(mesh.service("shop", "b").endpoints.empty());
  CHECK(mesh.service("shop", "c").endpoints.empty());
  mesh.expect().has("W57").at_text("b").times(1);
}

TEST_CASE(
    "matches multiplied by rules stay within their limit, and what is beyond allows nothing") {
  model::Options options;
  options.limits.selected_matches = 5;
  const std::string rule = "{kind: HTTPRouteGroup, name: g}";
  const Resolved mesh(group("shop/g", "{name: a}, {name: b}, {name: c}") +
                          target("shop/t", "default", "default", rule) +
                          target("shop/u", "default", "default", rule),
                      options);
  REQUIRE(mesh.mesh.access.size() == 2);
  CHECK(mesh.mesh.access[0].tcp->http_matches->size() == 3);
  CHECK(mesh.mesh.access[1].tcp->http_matches->empty());
  mesh.expect().has("W57").at_text("g");
}
