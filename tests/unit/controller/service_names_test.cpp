// SPDX-License-Identifier: Apache-2.0
#include "controller/service_names.h"

#include <catch2/catch.hpp>

using namespace smic;
using contract::NamedPod;
using contract::NameKind;
using contract::ServiceNames;

namespace {

const std::string kShop = R"(
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {smic.dev/names: plain}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  clusterIP: 10.96.0.7
  clusterIPs: [10.96.0.7, "fd01::7"]
  ports: [{name: http, port: 80}, {name: dns, port: 53, protocol: UDP}]
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec:
  clusterIP: None
  ports: [{name: sql, port: 5432, targetPort: 5433}, {name: assoc, port: 7, protocol: SCTP}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: db-1, namespace: shop, labels: {kubernetes.io/service-name: db}}
addressType: IPv4
ports: [{name: sql, port: 5433}]
endpoints:
- {addresses: [10.0.0.5], hostname: db-0, conditions: {ready: true}}
- {addresses: [10.0.0.6], conditions: {ready: true}}
- {addresses: [10.0.0.7], hostname: db-2, conditions: {ready: false}}
---
apiVersion: v1
kind: Service
metadata: {name: docs, namespace: shop}
spec: {type: ExternalName, externalName: docs.example.org}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: other}
spec: {clusterIP: 10.96.0.8, ports: [{port: 80}]}
)";

contract::Names names_with(const controller::AddressPlan::Addresses& addresses,
                           const std::string& text = kShop) {
  Sources sources;
  sources.add("shop.yaml", text);
  Diagnostics diagnostics(sources);
  return controller::service_names(analyze(sources, {}, diagnostics), addresses, {"mesh"},
                                   "cluster.local");
}

const ServiceNames& named(const contract::Names& names, const std::string& service) {
  for (const ServiceNames& each : names.services) {
    if (each.service == service) return each;
  }
  FAIL("there is no " << service);
  std::abort();
}

}  // namespace

TEST_CASE("a namespace that opts in is told whole, of others what is meshed") {
  const contract::Names names = names_with({{{"shop", "web"}, {"127.1.2.3"}}});
  CHECK(names.plain_namespaces == std::vector<std::string>{"shop"});
  CHECK(names.services.size() == 3);
  CHECK(named(names, "shop/web").mesh_addresses == std::vector<std::string>{"127.1.2.3"});
  CHECK(named(names, "shop/docs").mesh_addresses.empty());

  const contract::Names more = names_with({{{"other", "web"}, {"127.1.2.4"}}});
  CHECK(more.services.size() == 4);
  CHECK(named(more, "other/web").mesh_addresses == std::vector<std::string>{"127.1.2.4"});
}

TEST_CASE("cluster IPs, ports and aliases are told as they were written") {
  const contract::Names names = names_with({});
  const ServiceNames& web = named(names, "shop/web");
  CHECK(web.kind == NameKind::addresses);
  CHECK(web.cluster_ips == std::vector<std::string>{"10.96.0.7", "fd01::7"});
  CHECK(web.ports == std::vector<contract::NamedPort>{{"http", contract::Transport::tcp, 80},
                                                      {"dns", contract::Transport::udp, 53}});
  CHECK(named(names, "shop/docs").kind == NameKind::alias);
  CHECK(named(names, "shop/docs").alias == "docs.example.org");
}

TEST_CASE("the ready pods of a headless Service are told, by hostname or by address") {
  const contract::Names names = names_with({});
  const ServiceNames& db = named(names, "shop/db");
  CHECK(db.kind == NameKind::pods);
  CHECK(db.cluster_ips.empty());
  CHECK(db.pods == std::vector<NamedPod>{{"db-0", "10.0.0.5", {5433, 7}},
                                         {"10-0-0-6", "10.0.0.6", {5433, 7}}});
}

TEST_CASE("a pod names itself by hostname and subdomain where there is no slice") {
  const contract::Names names = names_with({}, R"(
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {smic.dev/names: plain}}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec: {clusterIP: None, selector: {app: db}, ports: [{name: sql, port: 5432}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db-0, namespace: shop, labels: {app: db}}
spec: {hostname: zero, subdomain: db}
status: {podIP: 10.0.0.5}
---
apiVersion: v1
kind: Pod
metadata: {name: db-1, namespace: shop, labels: {app: db}}
spec: {hostname: one, subdomain: other}
status: {podIP: 10.0.0.6}
)");
  CHECK(named(names, "shop/db").pods ==
        std::vector<NamedPod>{{"zero", "10.0.0.5", {5432}}, {"10-0-0-6", "10.0.0.6", {5432}}});
}

TEST_CASE("a unit of a .smir file has its mesh name too") {
  const contract::Names names = names_with({{{"lab", "web"}, {"127.1.2.5"}}});
  CHECK(named(names, "lab/web").mesh_addresses == std::vector<std::string>{"127.1.2.5"});
}
