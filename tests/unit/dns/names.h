// SPDX-License-Identifier: Apache-2.0
// The names that the tests of runtime/dns ask for: a mesh with one of everything.
#pragma once

#include "contract/names.h"

namespace smic::test {

inline contract::Names shop() {
  using contract::NameKind;
  using contract::Transport;
  return {
      .mesh_zones = {"mesh", "maesh", "traefik.mesh"},
      .cluster_domain = "cluster.local",
      .plain_namespaces = {"shop"},
      .reverse_zones = {"240.in-addr.arpa", "0.0.d.f.ip6.arpa"},
      .services = {
          contract::ServiceNames{.service = "shop-a/web", .mesh_addresses = {"240.96.1.9"}},
          contract::ServiceNames{
              .service = "shop/db",
              .kind = NameKind::pods,
              .mesh_addresses = {"240.96.1.8"},
              .ports = {{"sql", Transport::tcp, 5432}, {"", Transport::tcp, 9000}},
              .pods = {{"db-0", "10.0.0.5", {5433, 9000}}, {"db-1", "10.0.0.6", {5433, 0}}}},
          contract::ServiceNames{
              .service = "shop/docs", .kind = NameKind::alias, .alias = "Docs.Example.ORG"},
          contract::ServiceNames{.service = "shop/old",
                                 .kind = NameKind::alias,
                                 .alias = "web.shop.svc.cluster.local."},
          contract::ServiceNames{.service = "shop/plain", .cluster_ips = {"10.96.0.9", "fd01::9"}},
          contract::ServiceNames{
              .service = "shop/web",
              .mesh_addresses = {"240.96.1.7", "fd00::7"},
              .cluster_ips = {"10.96.1.7"},
              .ports = {{"http", Transport::tcp, 80}, {"dns", Transport::udp, 53}}},
          contract::ServiceNames{.service = "shop/web-a", .mesh_addresses = {"240.96.1.10"}},
      }};
}

}  // namespace smic::test
