// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/unit/model/resolved.h"

using namespace smic;
using namespace smic::test;

namespace {

const std::string kServices = service("shop/web", "{port: 80}") +
                              service("shop/web-v1", "{port: 80}") +
                              service("shop/web-v2", "{port: 80}");
const std::string kBackends = "{service: web-v1, weight: 9}, {service: web-v2, weight: 1}";

std::vector<std::string> names(const Resolved& mesh) {
  std::vector<std::string> names;
  for (const model::Split& split : mesh.mesh.splits) names.push_back(split.origin.resource);
  return names;
}

std::string created(const std::string& time) { return "creationTimestamp: '" + time + "'"; }

}  // namespace

TEST_CASE("a split binds its root and backends, in the order written") {
  const Resolved mesh(kServices + split("shop/canary", "web", kBackends));
  REQUIRE(mesh.mesh.splits.size() == 1);
  const model::Split& split = mesh.mesh.splits[0];
  CHECK(mesh.mesh.services[split.root.value].ref.name == "web");
  REQUIRE(split.backends.size() == 2);
  CHECK(mesh.mesh.services[split.backends[0].service.value].ref.name == "web-v1");
  CHECK(split.backends[0].weight == 9);
  CHECK_FALSE(split.conditional);
  mesh.expect().none();
}

TEST_CASE("service names may be written in every form of DNS inside the split's namespace") {
  for (const std::string form : {"web", "web.", "web.shop", "web.shop.", "web.shop.svc",
                                 "web.shop.svc.cluster.local", "web.shop.svc.cluster.local."}) {
    INFO(form);
    const Resolved mesh(kServices + split("shop/canary", form, kBackends));
    CHECK(mesh.mesh.splits.size() == 1);
    mesh.expect().none();
  }
}

TEST_CASE("the cluster's domain is an option") {
  model::Options options;
  options.cluster_domain = "corp.example";
  const Resolved mesh(kServices + split("shop/canary", "web.shop.svc.corp.example", kBackends),
                      options);
  CHECK(mesh.mesh.splits.size() == 1);
}

TEST_CASE("other forms of names and other namespaces are refused, and the root serves") {
  for (const std::string form : {"web.bank", "web.bank.svc.cluster.local", "web.shop.pod",
                                 "example.com", "web.shop.svc.other.domain", "web..shop"}) {
    INFO(form);
    const Resolved root(kServices + split("shop/canary", form, kBackends));
    CHECK(root.mesh.splits.empty());
    root.expect().has("E15").at_text(form);
    const Resolved backend(kServices +
                           split("shop/canary", "web", "{service: " + form + ", weight: 1}"));
    CHECK(backend.mesh.splits.empty());
    backend.expect().has("E15");
  }
}

TEST_CASE("a root that is no Service makes the split do nothing") {
  const Resolved mesh(kServices + split("shop/canary", "wbe", kBackends));
  CHECK(mesh.mesh.splits.empty());
  mesh.expect().has("W06").at_text("wbe").help("`web`");
}

TEST_CASE("a backend that is no Service is left out, even if it is the only one") {
  const Resolved one(
      kServices +
      split("shop/canary", "web", "{service: web-v1, weight: 1}, {service: web-v3, weight: 1}"));
  REQUIRE(one.mesh.splits.size() == 1);
  CHECK(one.mesh.splits[0].backends.size() == 1);
  one.expect().has("W06").at_text("web-v3");
  const Resolved none(kServices + split("shop/canary", "web", "{service: web-v3, weight: 1}"));
  REQUIRE(none.mesh.splits.size() == 1);
  CHECK(none.mesh.splits[0].backends.empty());
}

TEST_CASE("one backend under two forms of its name is listed twice") {
  const Resolved mesh(kServices +
                      split("shop/canary", "web",
                            "{service: web-v1, weight: 1}, {service: web-v1.shop, weight: 2}"));
  CHECK(mesh.mesh.splits.empty());
  mesh.expect().has("E13").at_text("web-v1.shop").note("first listed here");
}

TEST_CASE("the root among its own backends is refused, unless the option allows it") {
  const std::string yaml =
      kServices +
      split("shop/canary", "web", "{service: web.shop, weight: 9}, {service: web-v2, weight: 1}");
  const Resolved refused(yaml);
  CHECK(refused.mesh.splits.empty());
  refused.expect().has("E14").at_text("web.shop");
  model::Options options;
  options.allow_self_reference = true;
  const Resolved allowed(yaml, options);
  REQUIRE(allowed.mesh.splits.size() == 1);
  CHECK(allowed.mesh.splits[0].backends[0].service == allowed.mesh.splits[0].root);
  allowed.expect().none();
}

TEST_CASE("all matches of all groups of a split count together") {
  const Resolved mesh(
      kServices + group("shop/a", "{name: a, methods: [GET]}, {name: b, methods: [PUT]}") +
      group("shop/c", "{name: c, methods: [HEAD]}") +
      split("shop/canary", "web", kBackends,
            "matches: [{kind: HTTPRouteGroup, name: a}, {kind: HTTPRouteGroup, name: c}]"));
  REQUIRE(mesh.mesh.splits.size() == 1);
  CHECK(mesh.mesh.splits[0].conditional);
  CHECK(mesh.mesh.splits[0].matches.size() == 3);
}

TEST_CASE("a missing group adds no match; with no match left the split does not apply") {
  const std::string groups = group("shop/api", "{name: a, methods: [GET]}");
  const Resolved some(kServices + groups +
                      split("shop/canary", "web", kBackends,
                            "matches: [{kind: HTTPRouteGroup, name: api}, {kind: HTTPRouteGroup, "
                            "name: apy}]"));
  REQUIRE(some.mesh.splits.size() == 1);
  CHECK(some.mesh.splits[0].matches.size() == 1);
  some.expect().has("W01").at_text("apy").help("`api`");
  const Resolved none(
      kServices + groups +
      split("shop/canary", "web", kBackends, "matches: [{kind: HTTPRouteGroup, name: apy}]"));
  CHECK(none.mesh.splits.empty());
}

TEST_CASE("a split whose only match has a bad pattern does not apply") {
  const Resolved mesh(
      kServices + group("shop/api", "{name: a, pathRegex: '('}") +
      split("shop/canary", "web", kBackends, "matches: [{kind: HTTPRouteGroup, name: api}]"));
  CHECK(mesh.mesh.splits.empty());
  mesh.expect().has("E03");
}

TEST_CASE("splits of one root are asked: conditional first, then older, then by name") {
  const std::string when = "matches: [{kind: HTTPRouteGroup, name: api}]";
  const Resolved mesh(
      kServices + group("shop/api", "{name: a, methods: [GET]}") +
      split("shop/a-plain", "web", kBackends, "", created("2020-01-01T00:00:00Z")) +
      split("shop/b-new", "web", kBackends, when) +
      split("shop/d-young", "web", kBackends, when, created("2024-01-01T00:00:00Z")) +
      split("shop/e-old", "web", kBackends, when, created("2023-01-01T00:00:00Z")) +
      split("shop/c-new", "web", kBackends, when));
  CHECK(names(mesh) ==
        std::vector<std::string>{"TrafficSplit shop/e-old", "TrafficSplit shop/d-young",
                                 "TrafficSplit shop/b-new", "TrafficSplit shop/c-new",
                                 "TrafficSplit shop/a-plain"});
  mesh.expect().has("W10").times(4);
}

TEST_CASE("of two unconditional splits the older one wins and the other does nothing") {
  const Resolved mesh(kServices +
                      split("shop/a", "web", kBackends, "", created("2024-01-01T00:00:00Z")) +
                      split("shop/b", "web", kBackends, "", created("2023-01-01T00:00:00Z")));
  CHECK(names(mesh) == std::vector<std::string>{"TrafficSplit shop/b"});
  mesh.expect().has("W10").at_text("a").message("does nothing").note("first").times(1);
}

TEST_CASE("a backend takes part only on ports it has, by number, and each port for itself") {
  const Resolved mesh(
      service("shop/web",
              "{port: 80}, {name: tcp-x, port: 90}, {name: u, port: 53, protocol: UDP}") +
      service("shop/web-v1", "{name: other, port: 80}") +
      service("shop/web-v2", "{port: 80}, {name: tcp-y, port: 90}, {name: tcp-z, port: 53}") +
      split("shop/canary", "web", kBackends));
  mesh.expect().has("W07").times(2);
  mesh.expect().has("W07").at_text("web-v1").message("no ports 53 and 90");
  mesh.expect().has("W07").at_text("web-v2").message("no port 53");
}

TEST_CASE("a backend with weight but without ready endpoint is told, if endpoints are known") {
  const std::string yaml = kServices + split("shop/canary", "web", kBackends);
  Resolved(yaml).expect().none();
  const Resolved known(
      yaml + slice("shop/web-v1", "{addresses: ['10.0.0.1']}", "{port: 80}") +
      slice("shop/web-v2", "{addresses: ['10.0.0.2'], conditions: {ready: false}}", "{port: 80}"));
  known.expect().has("W08").at_text("web-v2").message("the others take its share").times(1);
  const Resolved strict(
      yaml + slice("shop/web-v1", "{addresses: ['10.0.0.1']}", "{port: 80}") +
          slice("shop/web-v2", "{addresses: ['10.0.0.2'], conditions: {ready: false}}",
                "{port: 80}"),
      {.split_shares = contract::SplitShares::strict});
  strict.expect().has("W08").message("its share is answered 503").times(1);
}

TEST_CASE("weights that are all zero are told; a zero beside others is not") {
  const Resolved zero(
      kServices +
      split("shop/canary", "web", "{service: web-v1, weight: 0}, {service: web-v2, weight: 0}"));
  zero.expect().has("W09").at_text("web");
  CHECK(zero.mesh.splits.size() == 1);
  const Resolved one(
      kServices +
      split("shop/canary", "web", "{service: web-v1, weight: 0}, {service: web-v2, weight: 7}"));
  one.expect().none();
}

TEST_CASE("a backend that is another split's root is a leaf, and that is told") {
  const Resolved mesh(kServices + split("shop/canary", "web", kBackends) +
                      split("shop/nested", "web-v1", "{service: web-v2, weight: 1}"));
  mesh.expect().has("W11").at_text("web-v1");
  CHECK(mesh.mesh.splits.size() == 2);
}

TEST_CASE("splits that lead to each other are no cycle") {
  const Resolved mesh(service("shop/a", "{port: 80}") + service("shop/b", "{port: 80}") +
                      split("shop/s", "a", "{service: b, weight: 1}") +
                      split("shop/t", "b", "{service: a, weight: 1}"));
  CHECK(mesh.mesh.splits.size() == 2);
  mesh.expect().has("W11").times(2);
}

TEST_CASE("a conditional split does not apply to ports without HTTP, and says so once") {
  const Resolved mesh(
      service("shop/web", "{port: 80}, {name: tcp-a, port: 90}, {name: tcp-b, port: 91}") +
      service("shop/web-v1", "{port: 80}, {name: tcp-a, port: 90}, {name: tcp-b, port: 91}") +
      group("shop/api", "{name: a, methods: [GET]}") +
      split("shop/canary", "web", "{service: web-v1, weight: 1}",
            "matches: [{kind: HTTPRouteGroup, name: api}]"));
  mesh.expect().has("W12").at_text("api").message("ports 90 and 91").times(1);
}

TEST_CASE("backends that accept different callers are told, by the caller's name") {
  const std::string pods = pod("shop/v1", "one", "10.0.0.1", "web-v1") +
                           pod("shop/v2", "two", "10.0.0.2", "web-v2") +
                           pod("shop/client", "client", "10.0.0.3", "client");
  const std::string rule = "{kind: TCPRoute, name: every}";
  const std::string yaml = kServices + pods + tcp_route("shop/every", "") +
                           split("shop/canary", "web", kBackends) +
                           target("shop/t", "one", "client", rule);
  Resolved(yaml).expect().has("W13").at_text("canary").message(
      "`shop/client` may call backend `web-v1` but not `web-v2`");
  Resolved(yaml + target("shop/u", "two", "client", rule)).expect().none();
  model::Options permissive;
  permissive.access = ir::AccessMode::permissive;
  Resolved(yaml, permissive).expect().lacks("W13");
}
