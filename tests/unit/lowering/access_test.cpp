// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/unit/lowering/lowered.h"

using namespace smic;
using namespace smic::test;

namespace {

const std::string kEvery = tcp_route("shop/every", "");
const std::string kEveryRule = "{kind: TCPRoute, name: every}";
const std::string kHttp =
    group("shop/http", "{name: read, methods: [GET]}, {name: write, methods: [POST]}");
const std::string kHttpRule = "{kind: HTTPRouteGroup, name: http}";

std::string api(const std::string& ports) {
  return service("shop/api", ports) + pod("shop/api-0", "api", "10.0.0.1", "api") +
         pod("shop/web-0", "web", "10.0.0.2", "web");
}

}  // namespace

TEST_CASE("a byte-stream access allows every request, without a condition") {
  CHECK(Lowered(api("{port: 80}") + kEvery + target("shop/t", "api", "web", kEveryRule))
            .unit("shop/api:80") ==
        "unit shop/api:80 http enforce\n"
        "  source s0 = { shop/web }\n"
        "  route r0 -> shop/api:80\n"
        "  allow to shop/api from s0\n");
}

TEST_CASE("an HTTP access allows what one of its matches accepts") {
  CHECK(Lowered(api("{port: 80}") + kHttp + target("shop/t", "api", "web", kHttpRule))
            .unit("shop/api:80") ==
        "unit shop/api:80 http enforce\n"
        "  source s0 = { shop/web }\n"
        "  match m0 = method in { GET }\n"
        "  match m1 = method in { POST }\n"
        "  route r0 -> shop/api:80\n"
        "  allow to shop/api from s0 when m0 or m1\n");
}

TEST_CASE("rules about requests open no TCP port") {
  CHECK(Lowered(api("{name: tcp, port: 80}") + kHttp + target("shop/t", "api", "web", kHttpRule))
            .unit("shop/api:80") ==
        "unit shop/api:80 tcp enforce\n"
        "  route r0 -> shop/api:80\n");
}

TEST_CASE("TCP rules open no UDP port, and UDP rules nothing else") {
  const std::string ports = "{name: tcp, port: 80}, {name: u, port: 53, protocol: UDP}";
  const Lowered tcp(api(ports) + kEvery + target("shop/t", "api", "web", kEveryRule));
  CHECK(tcp.unit("shop/api:53") == "unit shop/api:53 udp enforce\n  route r0 -> shop/api:53\n");
  const Lowered udp(api(ports) + udp_route("shop/dns", "") +
                    target("shop/t", "api", "web", "{kind: UDPRoute, name: dns}"));
  CHECK(udp.unit("shop/api:80") == "unit shop/api:80 tcp enforce\n  route r0 -> shop/api:80\n");
  CHECK(udp.unit("shop/api:53") ==
        "unit shop/api:53 udp enforce\n"
        "  source s0 = { shop/web }\n"
        "  route r0 -> shop/api:53\n"
        "  allow to shop/api from s0\n");
}

TEST_CASE("ports of rules are pod ports, and only those that the unit leads to are in it") {
  const Lowered mesh(
      api("{name: a, port: 80, targetPort: 8080}, {name: b, port: 90, targetPort: 9090}") +
      tcp_route("shop/some", "8080, 80, 7") +
      target("shop/t", "api", "web", "{kind: TCPRoute, name: some}"));
  CHECK(mesh.unit("shop/api:80") ==
        "unit shop/api:80 http enforce\n"
        "  source s0 = { shop/web }\n"
        "  route r0 -> shop/api:80\n"
        "  allow to shop/api:8080 from s0\n");
  CHECK(mesh.unit("shop/api:90") == "unit shop/api:90 http enforce\n  route r0 -> shop/api:90\n");
}

TEST_CASE("a unit knows only identities behind its own backends, those without weight too") {
  const std::string yaml =
      api("{port: 80}") + service("shop/api-v2", "{port: 80}") +
      pod("shop/api-v2-0", "v2", "10.0.0.3", "api-v2") +
      pod("shop/other-0", "other", "10.0.0.4", "other") + kEvery +
      split("shop/s", "api", "{service: api, weight: 1}, {service: api-v2, weight: 0}") +
      target("shop/t", "api", "web", kEveryRule) + target("shop/u", "v2", "web", kEveryRule) +
      target("shop/v", "other", "web", kEveryRule);
  model::Options options;
  options.allow_self_reference = true;
  CHECK(Lowered(yaml, options).unit("shop/api:80") ==
        "unit shop/api:80 http enforce\n"
        "  source s0 = { shop/web }\n"
        "  route r0 -> split { shop/api:80 = 1, shop/api-v2:80 = 0 }\n"
        "  allow to shop/api from s0\n"
        "  allow to shop/v2 from s0\n");
}

TEST_CASE("a target whose sources are nobody is left out") {
  CHECK(Lowered(api("{port: 80}") + kEvery +
                object("access.smi-spec.io/v1alpha4", "TrafficTarget", "shop/t",
                       "spec: {destination: {kind: ServiceAccount, name: api, namespace: shop}, "
                       "sources: [{kind: IdentityBinding, name: none, namespace: shop}], rules: "
                       "[{kind: TCPRoute, name: every}]}"))
            .unit("shop/api:80") ==
        "unit shop/api:80 http enforce\n"
        "  route r0 -> shop/api:80\n");
}

TEST_CASE("a rule whose matches all failed is never, not always") {
  CHECK(Lowered(api("{port: 80}") + group("shop/bad", "{name: a, pathRegex: '('}") +
                target("shop/t", "api", "web", "{kind: HTTPRouteGroup, name: bad}"))
            .unit("shop/api:80") ==
        "unit shop/api:80 http enforce\n"
        "  source s0 = { shop/web }\n"
        "  route r0 -> shop/api:80\n"
        "  allow to shop/api from s0 when {}\n");
}

TEST_CASE("equal matches of different groups and equal source sets are one") {
  CHECK(Lowered(api("{port: 80}") + kHttp +
                group("shop/again", "{name: r, methods: [GET]}, {name: p, pathRegex: /p/}") +
                target("shop/t", "api", "web", kHttpRule) +
                target("shop/u", "api", "web", "{kind: HTTPRouteGroup, name: again}"))
            .unit("shop/api:80") ==
        "unit shop/api:80 http enforce\n"
        "  source s0 = { shop/web }\n"
        "  match m0 = method in { GET }\n"
        "  match m1 = method in { POST }\n"
        "  match m2 = path ~ \"/p/\"\n"
        "  route r0 -> shop/api:80\n"
        "  allow to shop/api from s0 when m0 or m1\n"
        "  allow to shop/api from s0 when m0 or m2\n");
}

TEST_CASE("a permissive unit has one allow, for anybody to anybody, and needs no matches for it") {
  model::Options options;
  options.access = ir::AccessMode::permissive;
  const Lowered mesh(api("{port: 80}") + kHttp + target("shop/t", "api", "web", kHttpRule),
                     options);
  CHECK(mesh.unit("shop/api:80") ==
        "unit shop/api:80 http permissive\n"
        "  route r0 -> shop/api:80\n"
        "  allow to any from any\n");
  CHECK(mesh.units.front().allows.front().origin.resource == "access mode permissive");
}

TEST_CASE("the order of documents does not change what a unit says") {
  const std::string services = api("{port: 80}") + service("shop/api-v2", "{port: 80}") +
                               pod("shop/api-v2-0", "v2", "10.0.0.3", "api-v2");
  const std::vector<std::string> policy = {
      kHttp,
      kEvery,
      split("shop/s", "api", "{service: api-v2, weight: 1}"),
      target("shop/t", "v2", "web", kHttpRule),
      target("shop/u", "v2", "api", kEveryRule),
      group("shop/more", "{name: x, methods: [PUT]}"),
      target("shop/a", "v2", "api", "{kind: HTTPRouteGroup, name: more}")};
  std::string forward = services, backward;
  for (const std::string& document : policy) {
    forward += document;
    backward = document + backward;
  }
  CHECK(Lowered(forward).unit("shop/api:80") == Lowered(backward + services).unit("shop/api:80"));
}

TEST_CASE("more destinations than the decision can tell apart are told, and the rest is denied") {
  std::string yaml = service("shop/api", "{port: 80}") + kEvery;
  for (int i = 0; i < 300; ++i) {
    const std::string number = std::to_string(1000 + i);
    yaml += pod("shop/p" + number, "a" + number, "10.0.0." + std::to_string(i), "api") +
            target("shop/t" + number, "a" + number, "default", kEveryRule);
  }
  const Lowered mesh(yaml);
  REQUIRE(mesh.units.size() == 1);
  CHECK(mesh.units[0].allows.size() == contract::kMaxDestinations);
  expect_diagnostics(mesh.diagnostics).has("W55").at_text("api").message("`shop/a1256`").times(1);
}

TEST_CASE("rules multiplied by Services stay within their limit, and the rest is denied") {
  const Lowered mesh(service("shop/a", "{port: 80}") + pod("shop/a-0", "api", "10.0.0.1", "a") +
                     service("shop/b", "{port: 80}") + pod("shop/b-0", "api", "10.0.0.2", "b") +
                     kHttp + target("shop/t", "api", "default", kHttpRule));
  Diagnostics diagnostics(mesh.sources);
  const auto units = lowering::lower(mesh.mesh, diagnostics, {.conditions = 5});
  REQUIRE(units.size() == 2);
  CHECK(units[0].allows.size() == 1);
  CHECK(units[1].allows.empty());
  expect_diagnostics(diagnostics).has("W57").at_text("b");
}
