// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/support/expect_diagnostic.h"
#include "tests/unit/resources/decoded.h"

using namespace smic;
using test::decoded;
using test::expect_diagnostics;

TEST_CASE("metadata: names, namespaces, labels, annotations and times") {
  const std::string yaml = R"(apiVersion: v1
kind: ServiceAccount
metadata:
  name: web
  namespace: shop
  labels: {app: web, empty: }
  annotations:
    smic.dev/mesh: "false"
  creationTimestamp: 2024-05-01T10:00:00Z
  deletionTimestamp: "2024-05-02T10:00:00Z"
  uid: 0b1e
)";
  expect_diagnostics(yaml).none();
  const auto meta = decoded(yaml).service_accounts.at(0).meta;
  CHECK(meta.name.value == "web");
  CHECK(meta.name.span.line == 4);
  CHECK(meta.name.span.column == 9);
  CHECK(meta.ns.value == "shop");
  CHECK(meta.labels.at("app") == "web");
  CHECK(meta.labels.at("empty") == "");
  CHECK(meta.annotations.at("smic.dev/mesh") == "false");
  CHECK(meta.created == "2024-05-01T10:00:00Z");
  CHECK(meta.deleting);
  CHECK(meta.uid == "0b1e");
  CHECK(meta.span.line == 1);
}

TEST_CASE("a namespace has none itself, other objects are in `default`") {
  CHECK(decoded("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n")
            .namespaces.at(0)
            .meta.ns.value == "");
  CHECK(decoded("apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web}\n")
            .service_accounts.at(0)
            .meta.ns.value == "default");
}

TEST_CASE("E01: labels must be text, and the help says how") {
  expect_diagnostics("apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {x: false}}\n")
      .has("E01")
      .at_text("false")
      .help("put it in quotes: \"false\"");
}

TEST_CASE("services: ports, targets, selectors and types") {
  const std::string yaml = R"(apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  clusterIP: None
  selector: {app: web}
  ports:
  - {name: http, port: 80, targetPort: 8080, appProtocol: h2c}
  - {name: dns, port: 53, targetPort: dns, protocol: UDP}
  - {port: 9090}
  unknown: fields are Kubernetes' matter
)";
  expect_diagnostics(yaml).none();
  const auto service = decoded(yaml).services.at(0);
  CHECK(service.cluster_ip == "None");
  CHECK(service.selector.at("app") == "web");
  REQUIRE(service.ports.size() == 3);
  CHECK(service.ports[0].port.value == 80);
  CHECK(std::get<std::uint16_t>(service.ports[0].target) == 8080);
  CHECK(service.ports[0].app_protocol == "h2c");
  CHECK(std::get<std::string>(service.ports[1].target) == "dns");
  CHECK(service.ports[1].protocol == "UDP");
  CHECK(std::holds_alternative<std::monostate>(service.ports[2].target));

  const auto external = decoded(
      "apiVersion: v1\nkind: Service\nmetadata: {name: x}\n"
      "spec: {type: ExternalName, externalName: example.com}\n");
  CHECK(external.services.at(0).external_name == "example.com");
}

TEST_CASE("services: ports that are none") {
  const auto with_port = [](const std::string& port) {
    return "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [" + port + "]}\n";
  };
  expect_diagnostics(with_port("{port: '80'}")).has("E01").help("write 80 without quotes");
  expect_diagnostics(with_port("{port: 0}")).has("E06").at_text("0");
  expect_diagnostics(with_port("{name: http}")).has("E01").message("`spec.ports[0].port`");
  CHECK(decoded(with_port("{port: 0}")).services.empty());
}

TEST_CASE("endpoint slices belong to the service of their label") {
  const std::string yaml = R"(apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: web-1
  labels: {kubernetes.io/service-name: web}
addressType: IPv4
endpoints:
- addresses: [10.0.0.1, 10.0.0.2]
  conditions: {ready: false}
  nodeName: node-1
  targetRef: {kind: Pod, name: web-x}
- addresses: [10.0.0.3]
ports:
- {name: http, port: 8080}
- {}
)";
  expect_diagnostics(yaml).none();
  const auto slice = decoded(yaml).endpoint_slices.at(0);
  CHECK(slice.service == "web");
  REQUIRE(slice.endpoints.size() == 2);
  CHECK(slice.endpoints[0].addresses.size() == 2);
  CHECK_FALSE(slice.endpoints[0].ready);
  CHECK(slice.endpoints[0].pod == "web-x");
  CHECK(slice.endpoints[0].node == "node-1");
  CHECK(slice.endpoints[1].ready);
  REQUIRE(slice.ports.size() == 2);
  CHECK(slice.ports[0].port == 8080);
  CHECK_FALSE(slice.ports[1].port.has_value());
}

TEST_CASE("W52: a slice without the label belongs to no service") {
  expect_diagnostics("apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: a}\n")
      .only({"W52"})
      .has("W52")
      .help("kubernetes.io/service-name");
}

TEST_CASE("Endpoints become slices, unless the service has slices") {
  const std::string endpoints = R"(apiVersion: v1
kind: Endpoints
metadata: {name: web}
subsets:
- addresses: [{ip: 10.0.0.1, targetRef: {kind: Pod, name: web-x}}]
  notReadyAddresses: [{ip: 10.0.0.2}]
  ports: [{port: 8080, name: http}]
- addresses: [{ip: 10.0.0.9}]
)";
  const auto set = decoded(endpoints);
  REQUIRE(set.endpoint_slices.size() == 2);
  CHECK(set.endpoint_slices[0].service == "web");
  REQUIRE(set.endpoint_slices[0].endpoints.size() == 2);
  CHECK(set.endpoint_slices[0].endpoints[0].pod == "web-x");
  CHECK_FALSE(set.endpoint_slices[0].endpoints[1].ready);
  CHECK(set.endpoint_slices[0].ports.at(0).port == 8080);

  const auto both = decoded(endpoints +
                            "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: "
                            "{name: web-1, labels: {kubernetes.io/service-name: web}}\n");
  REQUIRE(both.endpoint_slices.size() == 1);
  CHECK(both.endpoint_slices[0].meta.name.value == "web-1");
}

TEST_CASE("pods: identity, addresses, ports and state") {
  const std::string yaml = R"(apiVersion: v1
kind: Pod
metadata: {name: web-x, labels: {app: web}}
spec:
  serviceAccountName: web
  nodeName: node-1
  containers:
  - name: main
    ports: [{containerPort: 8080, name: http}, {containerPort: 9090}]
  - name: side
    ports: [{containerPort: 15000}]
status:
  phase: Running
  podIP: 10.0.0.1
  podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]
  conditions: [{type: Initialized, status: 'True'}, {type: Ready, status: 'False'}]
)";
  expect_diagnostics(yaml).none();
  const auto pod = decoded(yaml).pods.at(0);
  CHECK(pod.shape.service_account == "web");
  CHECK(pod.shape.labels.at("app") == "web");
  REQUIRE(pod.shape.ports.size() == 3);
  CHECK(pod.shape.ports[0].name == "http");
  CHECK(pod.ips == std::vector<std::string>{"10.0.0.1", "fd00::1"});
  CHECK(pod.node == "node-1");
  CHECK(pod.running);
  CHECK_FALSE(pod.ready);

  const auto bare = decoded(
      "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
      "spec: {hostNetwork: true}\nstatus: {podIP: 10.0.0.2, phase: Succeeded}\n");
  CHECK(bare.pods.at(0).shape.service_account == "default");
  CHECK(bare.pods.at(0).shape.host_network);
  CHECK(bare.pods.at(0).ips.at(0) == "10.0.0.2");
  CHECK_FALSE(bare.pods.at(0).running);
  CHECK(bare.pods.at(0).ready);
}

TEST_CASE("workloads tell the shape of their pods") {
  const std::string pod =
      "{metadata: {labels: {app: web}}, spec: {serviceAccountName: web, "
      "containers: [{ports: [{containerPort: 80}]}]}}";
  const auto set = decoded(
      "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n"
      "spec: {template: " +
      pod +
      "}\n---\n"
      "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: tick}\n"
      "spec: {jobTemplate: {spec: {template: " +
      pod + "}}}\n");
  REQUIRE(set.workloads.size() == 2);
  for (const auto& workload : set.workloads) {
    CHECK(workload.shape.service_account == "web");
    CHECK(workload.shape.labels.at("app") == "web");
    CHECK(workload.shape.ports.at(0).port == 80);
  }
  CHECK(set.workloads[1].kind == "CronJob");
}
