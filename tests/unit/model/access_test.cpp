// SPDX-License-Identifier: Apache-2.0
// The combination rule (SMI reference §2.4.3), row by row, and what happens to each part of it that
// does not resolve: never more than was written.
#include <catch2/catch.hpp>

#include "tests/unit/model/resolved.h"

using namespace smic;
using namespace smic::test;
using model::Access;
using Ports = std::vector<ir::Port>;

namespace {

const std::string kAccounts = object("v1", "ServiceAccount", "shop/web") +
                              object("v1", "ServiceAccount", "shop/api") +
                              object("v1", "ServiceAccount", "shop/admin");
const std::string kRoutes =
    group("shop/http", "{name: read, methods: [GET]}, {name: write, methods: [POST]}") +
    tcp_route("shop/tcp80", "80, 81") + tcp_route("shop/tcp90", "90") +
    tcp_route("shop/every", "") + udp_route("shop/udp", "53") + udp_route("shop/all-udp", "");

Resolved rules(const std::string& list, const std::string& more = {}) {
  return Resolved(kAccounts + kRoutes + target("shop/t", "api", "web", list) + more);
}

std::vector<std::uint32_t> ids(const std::optional<std::vector<model::MatchId>>& matches) {
  std::vector<std::uint32_t> numbers;
  for (const model::MatchId id : matches.value()) numbers.push_back(id.value);
  return numbers;
}

const Access& only(const Resolved& mesh) {
  REQUIRE(mesh.mesh.access.size() == 1);
  return mesh.mesh.access.front();
}

}  // namespace

TEST_CASE("TCPRoutes alone allow any bytes on their ports together") {
  const Resolved mesh = rules("{kind: TCPRoute, name: tcp80}, {kind: TCPRoute, name: tcp90}");
  const Access& access = only(mesh);
  REQUIRE(access.tcp);
  CHECK(access.tcp->ports == Ports{80, 81, 90});
  CHECK(access.tcp->http_matches == std::nullopt);
  CHECK_FALSE(access.udp);
  CHECK(access.origin.resource == "TrafficTarget shop/t");
  mesh.expect().none();
}

TEST_CASE("one TCPRoute without ports means all of them") {
  const Resolved mesh = rules("{kind: TCPRoute, name: tcp80}, {kind: TCPRoute, name: every}");
  CHECK(only(mesh).tcp->ports == std::nullopt);
}

TEST_CASE("HTTPRouteGroups alone allow matching requests on all ports") {
  const Resolved mesh = rules("{kind: HTTPRouteGroup, name: http}");
  const Access& access = only(mesh);
  CHECK(access.tcp->ports == std::nullopt);
  CHECK(ids(access.tcp->http_matches) == std::vector<std::uint32_t>{0, 1});
}

TEST_CASE("a TCPRoute beside an HTTPRouteGroup limits its ports") {
  const Resolved mesh = rules("{kind: HTTPRouteGroup, name: http}, {kind: TCPRoute, name: tcp90}");
  CHECK(only(mesh).tcp->ports == Ports{90});
  CHECK(ids(only(mesh).tcp->http_matches).size() == 2);
}

TEST_CASE("UDPRoutes stand beside the rest and open nothing but UDP") {
  const Resolved both = rules("{kind: UDPRoute, name: udp}, {kind: TCPRoute, name: tcp90}");
  CHECK(only(both).tcp->ports == Ports{90});
  CHECK(only(both).udp->ports == Ports{53});
  const Resolved alone = rules("{kind: UDPRoute, name: all-udp}");
  CHECK_FALSE(only(alone).tcp);
  CHECK(only(alone).udp->ports == std::nullopt);
}

TEST_CASE("a rule may name some matches of a group, each counts once") {
  const Resolved mesh = rules(
      "{kind: HTTPRouteGroup, name: http, matches: [write]}, "
      "{kind: HTTPRouteGroup, name: http, matches: [read, write]}");
  CHECK(ids(only(mesh).tcp->http_matches) == std::vector<std::uint32_t>{1, 0});
}

TEST_CASE("an unknown match name adds nothing, and the others stay") {
  const Resolved mesh = rules("{kind: HTTPRouteGroup, name: http, matches: [raed, write]}");
  CHECK(ids(only(mesh).tcp->http_matches) == std::vector<std::uint32_t>{1});
  mesh.expect().has("W02").at_text("raed").help("`read`");
}

TEST_CASE("a rule with unknown match names only allows no request, not every one") {
  const Resolved mesh = rules("{kind: HTTPRouteGroup, name: http, matches: [nothing]}");
  CHECK(ids(only(mesh).tcp->http_matches).empty());
}

TEST_CASE("a missing HTTPRouteGroup beside a TCPRoute does not leave the TCPRoute alone") {
  const Resolved mesh = rules("{kind: HTTPRouteGroup, name: htpp}, {kind: TCPRoute, name: tcp90}");
  CHECK(ids(only(mesh).tcp->http_matches).empty());
  CHECK(only(mesh).tcp->ports == Ports{90});
  mesh.expect().has("W01").at_text("htpp").help("`http`");
}

TEST_CASE("a missing TCPRoute beside an HTTPRouteGroup means no port, not every port") {
  const Resolved mesh = rules("{kind: HTTPRouteGroup, name: http}, {kind: TCPRoute, name: tcp99}");
  CHECK(only(mesh).tcp->ports == Ports{});
  mesh.expect().has("W01").at_text("tcp99");
}

TEST_CASE("a missing UDPRoute opens no UDP port") {
  const Resolved mesh = rules("{kind: UDPRoute, name: nothing}");
  CHECK(only(mesh).udp->ports == Ports{});
}

TEST_CASE("routes are looked for in the target's namespace only") {
  const Resolved mesh(kAccounts + tcp_route("bank/tcp", "80") +
                      target("shop/t", "api", "web", "{kind: TCPRoute, name: tcp}"));
  CHECK(only(mesh).tcp->ports == Ports{});
  mesh.expect().has("W01");
}

TEST_CASE("a group whose only match has a bad pattern allows no request") {
  const Resolved mesh =
      rules("{kind: HTTPRouteGroup, name: bad}", group("shop/bad", "{name: a, pathRegex: '('}"));
  CHECK(ids(only(mesh).tcp->http_matches).empty());
}

TEST_CASE("match names on a TCPRoute that are not its own make the rule allow nothing") {
  const Resolved mesh = rules("{kind: TCPRoute, name: tcp90, matches: [some]}");
  CHECK(only(mesh).tcp->ports == Ports{});
  mesh.expect().has("W20").at_text("some");
}

TEST_CASE("a match name that is the TCPRoute's own selects it") {
  const Resolved mesh = rules("{kind: TCPRoute, name: named, matches: [some]}",
                              object("specs.smi-spec.io/v1alpha4", "TCPRoute", "shop/named",
                                     "spec: {matches: {name: some, ports: [7]}}"));
  CHECK(only(mesh).tcp->ports == Ports{7});
  mesh.expect().lacks("W20");
}

TEST_CASE("sources are sorted, come from any namespace, and default to the target's") {
  const Resolved mesh(
      kAccounts + kRoutes + object("v1", "ServiceAccount", "bank/teller") +
      object("access.smi-spec.io/v1alpha3", "TrafficTarget", "shop/t",
             "spec: {destination: {kind: ServiceAccount, name: api}, sources: ["
             "{kind: ServiceAccount, name: web}, {kind: ServiceAccount, name: teller, namespace: "
             "bank}, {kind: ServiceAccount, name: web, namespace: shop}], "
             "rules: [{kind: TCPRoute, name: every}]}"));
  CHECK(only(mesh).destination == ir::Identity{"shop", "api"});
  CHECK(only(mesh).sources == std::vector<ir::Identity>{{"bank", "teller"}, {"shop", "web"}});
}

TEST_CASE("a service account that nothing has is told, and keeps its place") {
  const Resolved mesh(kAccounts + kRoutes +
                      target("shop/t", "api", "wbe, admin", "{kind: TCPRoute, name: every}"));
  CHECK(only(mesh).sources.size() == 2);
  mesh.expect().has("W04").at_text("wbe").help("`web`");
}

TEST_CASE("a service account that no pod has is told where pods are known") {
  const std::string rules =
      kAccounts + kRoutes + target("shop/t", "api", "web", "{kind: TCPRoute, name: every}");
  Resolved(rules).expect().lacks("W04");
  const Resolved mesh(pod("shop/p", "api", "10.0.0.1", "x") + rules);
  mesh.expect().has("W04").at_text("web").message("is the account of no pod").times(1);
}

TEST_CASE("a name that is in another namespace is looked for there") {
  const Resolved mesh(pod("bank/p", "teller", "10.0.0.1", "x") + kAccounts + kRoutes +
                      target("shop/t", "api", "teller", "{kind: TCPRoute, name: every}"));
  mesh.expect().has("W04").at_text("teller").help("in namespace `bank`");
}

TEST_CASE("accounts that a pod uses and the account default exist without an object") {
  const std::string rules = target("shop/t", "worker", "default", "{kind: TCPRoute, name: every}");
  const Resolved mesh(pod("shop/p", "worker", "10.0.0.1", "x") +
                      pod("shop/q", "default", "10.0.0.2", "y") + kRoutes + rules);
  mesh.expect().lacks("W04");
  Resolved(kRoutes + kAccounts +
           target("shop/t", "api", "default", "{kind: TCPRoute, name: every}"))
      .expect()
      .lacks("W04");
}

TEST_CASE("an IdentityBinding that does not exist is nobody") {
  const Resolved mesh(
      kAccounts + kRoutes +
      object("access.smi-spec.io/v1alpha4", "TrafficTarget", "shop/t",
             "spec: {destination: {kind: ServiceAccount, name: api, namespace: shop}, sources: ["
             "{kind: IdentityBinding, name: team, namespace: shop}], "
             "rules: [{kind: TCPRoute, name: every}]}"));
  CHECK(only(mesh).sources.empty());
  mesh.expect().has("W04").at_text("team");
}

TEST_CASE("a destination in another namespace is refused, unless the option allows it") {
  const std::string yaml =
      kAccounts + tcp_route("evil/every", "") +
      object("access.smi-spec.io/v1alpha3", "TrafficTarget", "evil/t",
             "spec: {destination: {kind: ServiceAccount, name: api, namespace: shop}, sources: ["
             "{kind: ServiceAccount, name: default, namespace: evil}], "
             "rules: [{kind: TCPRoute, name: every}]}");
  const Resolved refused(yaml);
  CHECK(refused.mesh.access.empty());
  refused.expect().has("E10").at_text("shop");
  model::Options options;
  options.allow_foreign_destination = true;
  const Resolved allowed(yaml, options);
  CHECK(only(allowed).destination == ir::Identity{"shop", "api"});
  allowed.expect().lacks("E10");
}

TEST_CASE("a route port that is a service port but no pod port gets a hint") {
  const Resolved mesh(kAccounts + kRoutes + service("shop/api", "{port: 90, targetPort: 9090}") +
                      pod("shop/api-0", "api", "10.0.0.1", "api") +
                      target("shop/t", "api", "web", "{kind: TCPRoute, name: tcp90}"));
  mesh.expect().has("W14").at_text("90").help("write 9090");
}

TEST_CASE("a route port that some pod listens on gets no hint") {
  const Resolved mesh(kAccounts + kRoutes + service("shop/api", "{port: 80, targetPort: 90}") +
                      pod("shop/api-0", "api", "10.0.0.1", "api") +
                      target("shop/t", "api", "web", "{kind: TCPRoute, name: tcp90}"));
  mesh.expect().lacks("W14");
}

TEST_CASE("a literal path pattern in an access rule is told to be a prefix, once") {
  const Resolved mesh =
      rules("{kind: HTTPRouteGroup, name: paths}, {kind: HTTPRouteGroup, name: paths}",
            group("shop/paths",
                  "{name: a, pathRegex: /metrics}, {name: b, pathRegex: /exact$}, "
                  "{name: c, pathRegex: /below/.*}, {name: d, pathRegex: '/\\d'}"));
  mesh.expect().has("W17").at_text("/metrics").message("`/metricsx`").times(1);
}

TEST_CASE("accesses are sorted by destination and found by it") {
  const Resolved mesh(kAccounts + kRoutes +
                      target("shop/b", "web", "admin", "{kind: TCPRoute, name: every}") +
                      target("shop/c", "api", "web", "{kind: TCPRoute, name: every}") +
                      target("shop/a", "web", "api", "{kind: TCPRoute, name: every}"));
  REQUIRE(mesh.mesh.access.size() == 3);
  const auto to_web = mesh.mesh.access_to({"shop", "web"});
  REQUIRE(to_web.size() == 2);
  CHECK(to_web[0].origin.resource == "TrafficTarget shop/a");
  CHECK(mesh.mesh.access_to({"shop", "nobody"}).empty());
}
