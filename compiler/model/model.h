// SPDX-License-Identifier: Apache-2.0
// Typed objects in, a resolved mesh out: names bound to ids, ports to endpoints, service accounts
// to pods, rules combined (SMI reference §2.4.3), splits ordered (D-20d). What depends on other
// objects and does not resolve is a warning (W-codes) and left out: closed for access, plain root
// Service for splits. From here on nothing refers to anything by text.
//
// Deliberately absent: rule IR, versions, YAML. What the model holds is what lowering and the
// manifest need, and nothing else.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compiler/diagnostics/diagnostics.h"
#include "compiler/ir/ir.h"
#include "compiler/resources/resources.h"

namespace smic::model {

using ServiceId = StrongId<struct ServiceTag>;
using ir::Identity;
using ir::Port;
using ir::ServiceRef;

struct Options {
  ir::AccessMode access = ir::AccessMode::enforce;  // the label smic.dev/access on a namespace overrides
  std::string cluster_domain = "cluster.local";     // for long forms of service names (D-16)
  bool allow_self_reference = false;                // D-17
  bool allow_foreign_destination = false;           // D-14
};

// One pod (or hand-written address) behind a Service, with what each service port leads to.
struct Endpoint {
  std::string address;                    // empty where only a workload template is known
  std::optional<Identity> identity;       // absent = no pod's: allowed nowhere (D-31)
  std::string workload;                   // pod name
  bool ready = true;
  std::map<Port, Port> ports;             // service port → pod port; a missing one is not served here
};

struct ServicePort {
  Port port = 0;
  std::string name;
  ir::Protocol protocol = ir::Protocol::http;
};

struct Service {
  ServiceRef ref;
  ir::Origin origin;
  bool meshed = true;                     // smic.dev/mesh: "false" on it or its namespace leaves it out
  ir::AccessMode access = ir::AccessMode::enforce;
  std::vector<ServicePort> ports;         // sorted by port
  std::vector<Endpoint> endpoints;        // sorted by address
};

struct Backend {
  ServiceId service;
  std::uint32_t weight = 0;
};

// A TrafficSplit that applies. `backends` holds those whose Service exists; which of them serve a
// given port is asked per port (§2.6.7).
struct Split {
  ServiceId root;
  std::vector<Backend> backends;
  bool conditional = false;
  std::vector<ir::Match> matches;         // OR; all matches of all its groups
  ir::Origin origin;
};

// A TrafficTarget after the combination rule, for one destination identity.
struct Access {
  Identity destination;
  std::vector<Identity> sources;          // sorted, unique; may be empty: matches nobody
  struct Tcp {
    std::optional<std::vector<Port>> ports;             // pod ports; absent = all
    std::optional<std::vector<ir::Match>> http_matches; // absent = any byte stream; present = HTTP only
  };
  std::optional<Tcp> tcp;                 // absent = no TCP and no HTTP allowed
  struct Udp {
    std::optional<std::vector<Port>> ports;
  };
  std::optional<Udp> udp;
  ir::Origin origin;
};

struct PodAddress {
  std::string address;
  Identity identity;
  std::string pod;                        // "namespace/name"
};

struct Mesh {
  std::vector<Service> services;          // sorted by ref; ServiceId indexes it
  std::vector<Split> splits;              // per root in the order they are asked (D-20d)
  std::vector<Access> access;             // in the order written
  std::vector<PodAddress> pods;           // sorted by address; hostNetwork pods are not in it (D-31)

  const Service* find(const ServiceRef& ref) const;
};

Mesh resolve(const resources::Set& set, const Options& options, Diagnostics& diagnostics);

}  // namespace smic::model
