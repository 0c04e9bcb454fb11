// SPDX-License-Identifier: Apache-2.0
#include "cli/mesh_addresses.h"

#include <catch2/catch.hpp>

using namespace smic;
using namespace smic::cli;
using Texts = std::vector<std::string>;

namespace {

constexpr const char* kShop = R"(
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, clusterIP: 10.96.1.7, clusterIPs: [10.96.1.7], ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: new, namespace: shop}
spec: {selector: {app: new}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec: {selector: {app: db}, clusterIP: None, ports: [{port: 80}]}
)";

}  // namespace

TEST_CASE("a Service's addresses are those of smic up and of a cluster", "[cli]") {
  Sources sources;
  sources.add("shop.yaml", kShop);
  Diagnostics diagnostics(sources);
  const Frontend front = analyze(sources, {}, diagnostics);
  const MeshAddresses mesh(front, *controller::MeshRanges::parse(controller::kDefaultMeshRanges));
  CHECK(mesh.of({"shop", "web"}).node == Texts{"240.96.1.7"});
  CHECK(mesh.of({"shop", "web"}).loopback.front().starts_with("127."));
  CHECK(mesh.of({"shop", "new"}).node.empty());  // follows from a cluster IP to come
  CHECK(mesh.of({"shop", "new"}).loopback.size() == 1);
  CHECK(mesh.of({"shop", "db"}).node.front().starts_with("241."));
  CHECK(mesh.of({"shop", "nobody"}).loopback.empty());
}
