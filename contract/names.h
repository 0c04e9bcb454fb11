// SPDX-License-Identifier: Apache-2.0
// What a node answers DNS questions from: the names of services, as they follow from the same
// resources as the units beside them in the manifest. Plain data; runtime/dns makes zones of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "contract/shared.h"

namespace smic::contract {

// As in SRV names: `_http._tcp`.
enum class Transport { tcp, udp, sctp };

struct NamedPort {
  std::string name;  // may be empty: then it has no SRV record
  Transport transport = Transport::tcp;
  std::uint16_t port = 0;  // the Service's

  bool operator==(const NamedPort&) const = default;
};

// One ready pod behind a headless Service.
struct NamedPod {
  std::string host;  // its label below the Service's name; never empty
  std::string address;
  std::vector<std::uint16_t> ports;  // pod port of each of ServiceNames::ports; 0 = not served here

  bool operator==(const NamedPod&) const = default;
};

// What the plain name of a Service leads to in a namespace that has opted in whole (DESIGN §7).
enum class NameKind {
  addresses,  // its mesh addresses, or else its cluster IPs
  pods,       // headless: its ready pods, since who asks for one wants to know them
  alias,      // ExternalName
};

struct ServiceNames {
  std::string service;  // "namespace/name"
  NameKind kind = NameKind::addresses;
  std::vector<std::string> mesh_addresses;  // empty: not meshed, so without a mesh name
  std::vector<std::string> cluster_ips;
  std::string alias;
  std::vector<NamedPort> ports;
  std::vector<NamedPod> pods;

  bool operator==(const ServiceNames&) const = default;
};

struct Names {
  std::vector<std::string> mesh_zones;         // SERVICE.NAMESPACE.ZONE: "mesh", "traefik.mesh"
  std::string cluster_domain;                  // "cluster.local"
  std::vector<std::string> plain_namespaces;   // answered for as NAMESPACE.svc.CLUSTER_DOMAIN
  std::vector<std::string> reverse_zones;      // of the mesh addresses: "240.in-addr.arpa"
  std::vector<Shared<ServiceNames>> services;  // meshed, or in a plain namespace; sorted

  bool operator==(const Names&) const = default;
};

}  // namespace smic::contract
