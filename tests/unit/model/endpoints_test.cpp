// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/unit/model/resolved.h"

using namespace smic;
using namespace smic::test;
using Ports = std::vector<ir::Port>;

namespace {

std::string workload(const std::string& name, const std::string& account, const std::string& app) {
  return object("apps/v1", "Deployment", name,
                "spec: {template: {metadata: {labels: {app: " + app +
                    "}}, spec: {serviceAccountName: " + account +
                    ", containers: [{name: c, ports: [{name: web, containerPort: 8080}]}]}}}");
}

std::string who(const model::Endpoint& endpoint) {
  return endpoint.identity ? ir::to_string(*endpoint.identity) : "nobody";
}

}  // namespace

TEST_CASE("a slice's port is the pod port of the service port with its name") {
  const Resolved mesh(
      service("shop/web", "{name: http, port: 80}, {name: tcp-admin, port: 9}") +
      slice("shop/web", "{addresses: ['10.0.0.1']}",
            "{name: tcp-admin, port: 9000}, {name: http, port: 8080}, {name: other, port: 1}"));
  const auto& endpoints = mesh.service("shop", "web").endpoints;
  REQUIRE(endpoints.size() == 1);
  CHECK(endpoints[0].address == "10.0.0.1");
  CHECK(endpoints[0].ports == Ports{9000, 8080});
  CHECK(mesh.service("shop", "web").target_port(endpoints[0], 80, ir::Protocol::http) == 8080);
}

TEST_CASE("a slice of one port without a name serves a Service of one port") {
  const Resolved mesh(service("shop/web", "{name: http, port: 80}") +
                      slice("shop/web", "{addresses: ['10.0.0.1']}", "{port: 8080}"));
  CHECK(mesh.service("shop", "web").endpoints.at(0).ports == Ports{8080});
}

TEST_CASE("a slice port of another transport is not the Service's") {
  const Resolved mesh(
      service("shop/dns", "{name: dns, port: 53, protocol: UDP}") +
      slice("shop/dns", "{addresses: ['10.0.0.1']}", "{name: dns, port: 53, protocol: TCP}"));
  CHECK(mesh.service("shop", "dns").endpoints.at(0).ports == Ports{0});
}

TEST_CASE("an endpoint is the pod that owns its address, whatever the slice refers to") {
  const Resolved mesh(
      service("evil/bait", "{port: 80}") + pod("bank/vault-0", "vault", "10.0.0.7", "vault") +
      pod("evil/own", "own", "10.0.0.8", "own") +
      slice("evil/bait", "{addresses: ['10.0.0.7'], targetRef: {kind: Pod, name: own}}",
            "{port: 80}"));
  const auto& endpoints = mesh.service("evil", "bait").endpoints;
  REQUIRE(endpoints.size() == 1);
  CHECK(who(endpoints[0]) == "bank/vault");
  CHECK(endpoints[0].workload == "vault-0");
}

TEST_CASE(
    "the reference chooses between pods that share an address, and names one where none has") {
  const std::string pods =
      pod("shop/v1", "one", "127.0.0.1", "web") + pod("shop/v2", "two", "127.0.0.1", "web");
  const Resolved mesh(
      service("shop/web", "{port: 80}") + pods +
      slice("shop/web", "{addresses: ['127.0.0.1'], targetRef: {kind: Pod, name: v1}}",
            "{port: 8001}") +
      slice("shop/web", "{addresses: ['127.0.0.1'], targetRef: {kind: Pod, name: v2}}",
            "{port: 8002}") +
      slice("shop/web", "{addresses: ['127.0.0.9'], targetRef: {kind: Pod, name: v2}}",
            "{port: 8003}") +
      slice("shop/web", "{addresses: ['127.0.0.1']}", "{port: 8004}"));
  const auto& endpoints = mesh.service("shop", "web").endpoints;
  REQUIRE(endpoints.size() == 4);
  CHECK(who(endpoints[0]) == "nobody");
  CHECK(endpoints[0].ports == Ports{8004});
  CHECK(who(endpoints[1]) == "shop/one");
  CHECK(who(endpoints[2]) == "shop/two");
  CHECK(who(endpoints[3]) == "shop/two");
  CHECK(endpoints[3].address == "127.0.0.9");
}

TEST_CASE("an address that no pod has and no reference names is nobody's") {
  const Resolved mesh(service("shop/web", "{port: 80}") +
                      slice("shop/web", "{addresses: ['192.0.2.1']}", "{port: 80}"));
  CHECK(who(mesh.service("shop", "web").endpoints.at(0)) == "nobody");
}

TEST_CASE("a hostNetwork pod's address is the node's: no identity, as destination or as source") {
  const Resolved mesh(service("shop/web", "{port: 80}") +
                      pod("shop/web-0", "web", "10.1.1.1", "web", "hostNetwork: true"));
  CHECK(who(mesh.service("shop", "web").endpoints.at(0)) == "nobody");
  CHECK(mesh.mesh.pods.empty());
}

TEST_CASE("one endpoint in several slices is one endpoint, ready if any says so") {
  const Resolved mesh(service("shop/web", "{name: http, port: 80}, {name: tcp, port: 90}") +
                      slice("shop/web", "{addresses: ['10.0.0.1'], conditions: {ready: false}}",
                            "{name: http, port: 8080}") +
                      slice("shop/web", "{addresses: ['10.0.0.1']}", "{name: tcp, port: 9090}"));
  const auto& endpoints = mesh.service("shop", "web").endpoints;
  REQUIRE(endpoints.size() == 1);
  CHECK(endpoints[0].ports == Ports{8080, 9090});
  CHECK(endpoints[0].ready);
}

TEST_CASE("one address on two pod ports is two endpoints") {
  const Resolved mesh(service("shop/web", "{port: 80}") +
                      slice("shop/web", "{addresses: ['127.0.0.1']}", "{port: 8001}") +
                      slice("shop/web", "{addresses: ['127.0.0.1']}", "{port: 8002}"));
  CHECK(mesh.service("shop", "web").endpoints.size() == 2);
}

TEST_CASE("without slices, running pods that the selector matches are the endpoints") {
  const std::string named = "containers: [{name: c, ports: [{name: web, containerPort: 8081}]}]";
  const Resolved mesh(service("shop/web", "{port: 80, targetPort: web}") +
                      pod("shop/a", "one", "10.0.0.1", "web", named) +
                      pod("shop/b", "two", "10.0.0.2", "web",
                          "containers: [{name: c, ports: [{name: web, containerPort: 8082}]}]") +
                      pod("shop/other", "one", "10.0.0.3", "api") +
                      pod("bank/web", "one", "10.0.0.4", "web"));
  const auto& endpoints = mesh.service("shop", "web").endpoints;
  REQUIRE(endpoints.size() == 2);
  CHECK(endpoints[0].ports == Ports{8081});
  CHECK(endpoints[1].ports == Ports{8082});
  CHECK(who(endpoints[1]) == "shop/two");
}

TEST_CASE("a named target port is the container port of that name and transport") {
  const Resolved mesh(
      service("shop/dns",
              "{name: udp, port: 53, protocol: UDP, targetPort: dns}, "
              "{name: tcp-dns, port: 54, targetPort: dns}, "
              "{name: tcp-web, port: 80, targetPort: web}") +
      pod("shop/a", "one", "10.0.0.1", "dns",
          "containers: [{name: c, ports: [{name: dns, containerPort: 5353}, {name: dns, "
          "containerPort: 5354, protocol: UDP}, {name: web, containerPort: 8080, protocol: "
          "UDP}]}]"));
  CHECK(mesh.service("shop", "dns").endpoints.at(0).ports == Ports{5354, 5353, 0});
}

TEST_CASE("a pod that has ended is no endpoint and has no address") {
  const Resolved mesh(service("shop/web", "{port: 80}") +
                      object("v1", "Pod", "shop/job",
                             "spec: {}, status: {phase: Succeeded, podIP: '10.0.0.1'}",
                             "labels: {app: web}"));
  CHECK(mesh.service("shop", "web").endpoints.empty());
  CHECK(mesh.mesh.pods.empty());
}

TEST_CASE("without slices and pods, workload templates tell who stands behind a Service") {
  const Resolved mesh(service("shop/web", "{port: 80, targetPort: web}") +
                      workload("shop/web", "front", "web"));
  const auto& endpoints = mesh.service("shop", "web").endpoints;
  REQUIRE(endpoints.size() == 1);
  CHECK(endpoints[0].address.empty());
  CHECK(who(endpoints[0]) == "shop/front");
  CHECK(endpoints[0].ports == Ports{8080});
}

TEST_CASE("an ExternalName Service has no endpoints, whatever its selector matches") {
  const Resolved mesh(object("v1", "Service", "shop/out",
                             "spec: {type: ExternalName, externalName: example.com, selector: "
                             "{app: web}, ports: [{port: 80}]}") +
                      pod("shop/web", "web", "10.0.0.1", "web"));
  CHECK(mesh.service("shop", "out").endpoints.empty());
}

TEST_CASE("pod addresses are identities, sorted; one that two accounts claim is neither's") {
  const Resolved mesh(
      pod("shop/b", "two", "10.0.0.2", "x") + pod("shop/a", "one", "10.0.0.1", "x") +
      pod("shop/c", "one", "10.0.0.3", "x") + pod("shop/d", "two", "10.0.0.3", "x"));
  REQUIRE(mesh.mesh.pods.size() == 2);
  CHECK(mesh.mesh.pods[0].address == "10.0.0.1");
  CHECK(mesh.mesh.pods[0].identity == ir::Identity{"shop", "one"});
  CHECK(mesh.mesh.pods[0].pod == "shop/a");
  mesh.expect().has("W54").at_text("d").message("10.0.0.3");
}

TEST_CASE("a pod that is not ready takes traffic if its Service publishes it all the same") {
  const auto ready = [](const std::string& more) {
    const Resolved mesh(
        object("v1", "Service", "shop/web",
               "spec: {selector: {app: web}, ports: [{port: 80}]" + more + "}") +
        object("v1", "Pod", "shop/p",
               "status: {podIP: 10.0.0.1, conditions: [{type: Ready, status: 'False'}]}",
               "labels: {app: web}"));
    return mesh.service("shop", "web").endpoints.at(0).ready;
  };
  CHECK_FALSE(ready(""));
  CHECK(ready(", publishNotReadyAddresses: true"));
}
