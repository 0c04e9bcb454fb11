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
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compiler/diagnostics/diagnostics.h"
#include "compiler/ir/ir.h"
#include "compiler/resources/resources.h"

namespace smic::model {

using ServiceId = StrongId<struct ServiceTag>;  // index into Mesh::services
using MatchId = StrongId<struct MeshMatchTag>;  // index into Mesh::matches
using ir::Identity;
using ir::Port;
using ir::ServiceRef;

// Where a mesh of modest text would become one of enormous size, because it multiplies: pods by the
// Services that select them, matches by the rules that select them. What is beyond is left out
// (W57).
struct Limits {
  std::size_t endpoints = 1'000'000;          // of all Services together
  std::size_t selected_matches = 10'000'000;  // of all rules and splits together
};

// What a header's pattern must match: the whole value, or, for those who come from Traefik Mesh,
// any part of it (D-2).
enum class HeaderMatch { full, search };

// What of a mesh cannot be seen in a part of it, for who resolves only that (compiler/incremental).
class Surroundings {
 public:
  virtual ~Surroundings() = default;
  virtual bool endpoints_are_known() const = 0;  // is there any slice, pod or workload
  virtual bool accounts_have_users() const = 0;  // is there any pod or workload
  // Of objects (of accounts also those that pods have), for names that may be a slip.
  virtual std::vector<std::string> names(std::string_view kind, std::string_view ns) const = 0;
  // The first namespace that has one of this name; empty if none has.
  virtual std::string namespace_with(std::string_view kind, std::string_view name) const = 0;
};

struct Options {
  ir::AccessMode access = ir::AccessMode::enforce;  // smic.dev/access on a namespace overrides it
  std::string cluster_domain = "cluster.local";     // for long forms of service names (D-16)
  std::string trust_domain = "cluster.local";       // of SPIFFE IDs that can be believed (D-15)
  bool allow_self_reference = false;                // D-17
  bool allow_foreign_destination = false;           // D-14
  contract::SplitShares split_shares = contract::SplitShares::redistribute;  // D-20c
  // Which Services are meshed where no smic.dev/mesh says it: those that one of `include` matches
  // (none given: all) and none of `exclude`. Patterns of namespaces (`kube-*`) or Services
  // (`a/b*`).
  std::vector<std::string> include;
  std::vector<std::string> exclude;
  HeaderMatch header_match = HeaderMatch::full;
  resources::Methods extension_methods;  // that matches may name beside SMI's (D-29)
  Limits limits;
  const Surroundings* surroundings = nullptr;  // null: the set is all there is
};

struct ServicePort {
  Port port = 0;
  std::string name;
  ir::Protocol protocol = ir::Protocol::http;
};

// HTTP is a way to speak TCP, so a number can be used twice in one Service: by UDP and by the rest.
constexpr bool same_transport(ir::Protocol a, ir::Protocol b) {
  return (a == ir::Protocol::udp) == (b == ir::Protocol::udp);
}

// One pod (or hand-written address) behind a Service, with what each service port leads to.
struct Endpoint {
  std::string address;               // empty where only a workload template is known
  std::optional<Identity> identity;  // absent = no pod's: allowed nowhere (D-31)
  std::string workload;              // pod name
  bool ready = true;
  std::vector<Port> ports;  // pod port of each of Service::ports; 0 = not served here
  std::string hostname;     // its label below a headless Service's name; empty = has none
};

struct Service {
  ServiceRef ref;
  ir::Origin origin;
  Span span;           // of its name, for what lowering has to say
  bool meshed = true;  // by smic.dev/mesh on it, on its namespace, or by the options
  ir::AccessMode access = ir::AccessMode::enforce;
  ir::Origin access_origin;  // who says so: the Namespace, or the mesh's option
  ir::RoutePolicy policy;
  std::vector<ServicePort> ports;   // sorted by port; per number at most one of each transport
  std::vector<Endpoint> endpoints;  // sorted by address

  // Index into `ports` and Endpoint::ports.
  std::optional<std::size_t> find_port(Port port, ir::Protocol protocol) const;

  // The pod port that `port` leads to at one of `endpoints`; absent = not served there.
  std::optional<Port> target_port(const Endpoint& endpoint, Port port, ir::Protocol protocol) const;
};

struct Backend {
  ServiceId service;
  std::uint32_t weight = 0;
};

// A TrafficSplit that applies. `backends` holds those whose Service exists; which of them serve a
// given port is asked per port (§2.6.7).
struct Split {
  ServiceId root;
  std::vector<Backend> backends;  // in the order written; empty = none exists
  bool conditional = false;
  std::vector<MatchId> matches;  // OR; all matches of all its groups
  ir::Origin origin;
  Span span;  // of its name
};

// A TrafficTarget after the combination rule, for one destination identity.
struct Access {
  Identity destination;
  std::vector<Identity> sources;  // sorted, unique; may be empty: matches nobody
  struct Tcp {
    std::optional<std::vector<Port>> ports;  // pod ports, sorted; absent = all
    std::optional<std::vector<MatchId>>
        http_matches;  // absent = any byte stream; present = HTTP only
  };
  std::optional<Tcp> tcp;  // absent = no TCP and no HTTP allowed
  struct Udp {
    std::optional<std::vector<Port>> ports;
  };
  std::optional<Udp> udp;
  ir::Origin origin;
};

// Between an account and the bindings that select its pod by labels: "shop/web+blue+canary".
inline constexpr char kBindingMark = '+';

// `identity` is its service account, with the bindings that select it (pod_identities.h).
struct PodAddress {
  std::string address;
  Identity identity;
  std::string pod;   // "namespace/name"
  std::string node;  // empty: not known
};

struct Mesh {
  std::vector<Service> services;     // sorted by ref; ServiceId indexes it
  std::vector<ir::Match> matches;    // every usable match of every HTTPRouteGroup
  std::vector<Split> splits;         // sorted by root, then in the order they are asked (D-20d)
  std::vector<Access> access;        // sorted by destination, then by TrafficTarget
  std::vector<PodAddress> pods;      // sorted by address; hostNetwork pods are not in it (D-31)
  std::vector<Identity> told_apart;  // in use by accounts whose pods bindings tell apart by labels

  const Service* find(const ServiceRef& ref) const;
  std::span<const Access> access_to(const Identity& destination) const;
};

Mesh resolve(const resources::Set& set, const Options& options, Diagnostics& diagnostics);

}  // namespace smic::model
