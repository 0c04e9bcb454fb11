// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/unit/model/resolved.h"

using namespace smic;
using namespace smic::test;
using ir::Protocol;

namespace {

Protocol protocol(const std::string& port, const std::string& metadata = {}) {
  const Resolved mesh(service("shop/web", "{port: 80, " + port + "}", metadata));
  return mesh.service("shop", "web").ports.at(0).protocol;
}

}  // namespace

TEST_CASE("services are in name order, whichever order they are written in") {
  const Resolved mesh(service("shop/web", "{port: 80}") + service("shop/api", "{port: 80}") +
                      service("bank/web", "{port: 80}"));
  REQUIRE(mesh.mesh.services.size() == 3);
  CHECK(mesh.mesh.services[0].ref == ir::ServiceRef{"bank", "web"});
  CHECK(mesh.mesh.services[1].ref == ir::ServiceRef{"shop", "api"});
  CHECK(mesh.mesh.services[2].origin.resource == "Service shop/web");
  CHECK(mesh.mesh.find({"shop", "nobody"}) == nullptr);
}

TEST_CASE("a TCP port carries HTTP unless something says otherwise") {
  CHECK(protocol("protocol: TCP") == Protocol::http);
  CHECK(protocol("name: web") == Protocol::http);
}

TEST_CASE("the port's name tells the protocol up to its first dash") {
  CHECK(protocol("name: grpc-internal") == Protocol::http);
  CHECK(protocol("name: h2c") == Protocol::http);
  CHECK(protocol("name: tcp-admin") == Protocol::tcp);
  CHECK(protocol("name: https") == Protocol::tcp);
  CHECK(protocol("name: tcpish") == Protocol::http);
}

TEST_CASE("appProtocol is stronger than the port's name, and unknown ones are bytes") {
  CHECK(protocol("name: tcp, appProtocol: http") == Protocol::http);
  CHECK(protocol("name: http, appProtocol: kubernetes.io/h2c") == Protocol::http);
  CHECK(protocol("name: http, appProtocol: example.com/own") == Protocol::tcp);
  CHECK(protocol("name: tcp, appProtocol: HTTP") == Protocol::http);
}

TEST_CASE("an annotation is stronger than the ports of its Service, and has Traefik's names too") {
  CHECK(protocol("name: http", "annotations: {smic.dev/protocol: tcp}") == Protocol::tcp);
  CHECK(protocol("name: tcp", "annotations: {mesh.traefik.io/traffic-type: http}") ==
        Protocol::http);
  CHECK(protocol("name: x", "annotations: {maesh.containo.us/traffic-type: tcp}") == Protocol::tcp);
  CHECK(protocol("protocol: UDP", "annotations: {smic.dev/protocol: http}") == Protocol::udp);
}

TEST_CASE("an annotation that is no protocol is told and changes nothing") {
  const Resolved mesh(
      service("shop/web", "{port: 80, name: tcp}", "annotations: {smic.dev/protocol: htpp}"));
  CHECK(mesh.service("shop", "web").ports.at(0).protocol == Protocol::tcp);
  mesh.expect().has("W53").at_text("htpp").message("`smic.dev/protocol: htpp`");
}

TEST_CASE("SCTP ports are left out, and UDP and TCP can share a number") {
  const Resolved mesh(
      service("shop/dns",
              "{name: s, port: 1, protocol: SCTP}, {name: u, port: 53, protocol: UDP}, "
              "{name: tcp, port: 53}"));
  const model::Service& dns = mesh.service("shop", "dns");
  REQUIRE(dns.ports.size() == 2);
  CHECK(dns.find_port(53, Protocol::tcp) == 0u);
  CHECK(dns.find_port(53, Protocol::http) == 0u);
  CHECK(dns.find_port(53, Protocol::udp) == 1u);
  CHECK(dns.find_port(1, Protocol::tcp) == std::nullopt);
}

TEST_CASE("a Service is left out of the mesh by a label or annotation on it or on its namespace") {
  const std::string out = "{smic.dev/mesh: 'false'}";
  const Resolved mesh(
      service("shop/a", "{port: 80}", "labels: " + out) +
      service("shop/b", "{port: 80}", "annotations: " + out) + service("shop/c", "{port: 80}") +
      service("dark/d", "{port: 80}") +
      "---\n{apiVersion: v1, kind: Namespace, metadata: {name: dark, labels: " + out + "}}\n");
  CHECK_FALSE(mesh.service("shop", "a").meshed);
  CHECK_FALSE(mesh.service("shop", "b").meshed);
  CHECK(mesh.service("shop", "c").meshed);
  CHECK_FALSE(mesh.service("dark", "d").meshed);
}

TEST_CASE("a value of smic.dev/mesh that is no truth value is told and changes nothing") {
  const Resolved mesh(service("shop/a", "{port: 80}", "labels: {smic.dev/mesh: 'off'}"));
  CHECK(mesh.service("shop", "a").meshed);
  mesh.expect().has("W53").at_text("off");
}

TEST_CASE("an annotation on a namespace counts as a label does, and the label wins") {
  const auto access = [](const std::string& metadata) {
    const Resolved mesh(service("shop/web", "{port: 80}") +
                        "---\n{apiVersion: v1, kind: Namespace, metadata: {name: shop, " +
                        metadata + "}}\n");
    return mesh.service("shop", "web").access;
  };
  CHECK(access("annotations: {smic.dev/access: permissive}") == ir::AccessMode::permissive);
  CHECK(access("annotations: {smic.dev/access: permissive}, labels: {smic.dev/access: enforce}") ==
        ir::AccessMode::enforce);
}

TEST_CASE("a namespace's label overrides the access mode, and says who did") {
  const Resolved mesh(service("shop/web", "{port: 80}") + service("bank/web", "{port: 80}") +
                      "---\n{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: "
                      "{smic.dev/access: permissive}}}\n");
  CHECK(mesh.service("shop", "web").access == ir::AccessMode::permissive);
  CHECK(mesh.service("shop", "web").access_origin.resource == "Namespace shop");
  CHECK(mesh.service("bank", "web").access == ir::AccessMode::enforce);
}

TEST_CASE("an access mode that does not exist is told and leaves the mesh's own") {
  const Resolved mesh(service("shop/web", "{port: 80}") +
                      "---\n{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: "
                      "{smic.dev/access: open}}}\n");
  CHECK(mesh.service("shop", "web").access == ir::AccessMode::enforce);
  mesh.expect().has("W53").at_text("open").help("`enforce` or `permissive`");
}
