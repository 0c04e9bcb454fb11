// SPDX-License-Identifier: Apache-2.0
// The allows of a unit. A mesh's accesses are about pods, a unit is about a port; a unit takes
// those accesses that can decide something in it:
//
//   - to identities that stand behind one of its backends now, ready or not, with the pod ports its
//     port leads to there. Ten thousand services then share nothing, and a unit is as small as what
//     is behind it. When a pod with another identity comes, lowering says so and the unit is
//     recompiled: until then that pod is denied, which is the safe side of being early.
//     (The alternative, every access of the namespace, never recompiles for a pod; but one edit of
//     a target then recompiles every unit of its namespace, and tables grow with the namespace.)
//   - an HTTP unit: those that allow TCP, whatever the requests; a TCP unit: those that allow any
//     bytes, since a rule about requests opens nothing else (§2.4.3); a UDP unit: those for UDP.
//   - with sources: a target whose sources are nobody allows nothing.
//
// INVARIANT: every choice here leaves out, none adds: `when` is Always only for a byte-stream
// access.
//
// Tested by tests/unit/lowering/access_test.cpp and tests/golden/access-*.
#include <algorithm>
#include <map>
#include <set>

#include "compiler/lowering/unit_builder.h"

namespace smic::lowering {
namespace {

using ir::Identity;
using ir::Port;
using model::Access;

// Which pods the unit can reach: identities, with the pod ports it would reach them on.
using Reachable = std::map<Identity, std::set<Port>>;

Reachable reachable(UnitBuilder& builder) {
  const ir::Unit& unit = builder.unit();
  Reachable pods;
  for (const ir::BackendRef& backend : backends_of(unit)) {
    const model::Service* service = builder.mesh().find(backend.service);
    const auto port = service->find_port(unit.port, unit.protocol);
    for (const model::Endpoint& endpoint : service->endpoints) {
      if (endpoint.identity && endpoint.ports[*port] != 0) {
        pods[*endpoint.identity].insert(endpoint.ports[*port]);
      }
    }
  }
  return pods;
}

// What an access says about units of one protocol: on which pod ports (absent = all), and when.
struct Grant {
  std::optional<std::vector<Port>> ports;
  const std::vector<model::MatchId>* matches = nullptr;  // null = always
};

std::optional<Grant> grant_of(const Access& access, ir::Protocol protocol) {
  if (protocol == ir::Protocol::udp) {
    if (!access.udp) return std::nullopt;
    return Grant{access.udp->ports, nullptr};
  }
  if (!access.tcp) return std::nullopt;
  if (!access.tcp->http_matches) return Grant{access.tcp->ports, nullptr};
  if (protocol != ir::Protocol::http) return std::nullopt;
  return Grant{access.tcp->ports, &*access.tcp->http_matches};
}

// Where a grant applies to pods of one identity: everywhere, or on the ports both sides name.
std::vector<ir::DestinationRef> destinations(const Identity& identity, const Grant& grant,
                                             const std::set<Port>& pod_ports) {
  if (!grant.ports) return {{identity, std::nullopt}};
  std::vector<ir::DestinationRef> refs;
  for (const Port port : *grant.ports) {
    if (pod_ports.contains(port)) refs.push_back({identity, port});
  }
  return refs;
}

class AccessLowering {
 public:
  AccessLowering(UnitBuilder& builder, Limits& left, Diagnostics& diagnostics)
      : builder_(builder), left_(left), diagnostics_(diagnostics) {}

  void lower(const Access& access, const std::set<Port>& pod_ports) {
    const auto grant = grant_of(access, builder_.unit().protocol);
    if (!grant || access.sources.empty()) return;
    for (ir::DestinationRef& to : destinations(access.destination, *grant, pod_ports)) {
      if (!has_room_for(to) || !can_afford(*grant)) continue;
      ir::Allow allow{std::move(to), builder_.sources(access.sources), ir::Always{}, access.origin};
      if (grant->matches) allow.when = builder_.any_of(*grant->matches);
      builder_.unit().allows.push_back(std::move(allow));
    }
  }

 private:
  // A unit can tell apart so many destinations; what is beyond stays denied.
  bool has_room_for(const ir::DestinationRef& to) {
    if (known_.contains(to)) return true;
    if (known_.size() < contract::kMaxDestinations) return known_.insert(to).second;
    if (!full_) {
      const model::Service& service = builder_.service();
      diagnostics_.report("W55", service.span,
                          "more than " + std::to_string(contract::kMaxDestinations) +
                              " service accounts and pod ports are behind port " +
                              std::to_string(builder_.unit().port) + " of Service `" +
                              service.ref.name + "`; the rest, from `" +
                              ir::to_string(to.identity) + "` on, is denied",
                          "give the pods of one Service fewer service accounts");
    }
    full_ = true;
    return false;
  }

  bool can_afford(const Grant& grant) {
    const std::size_t cost = 1 + (grant.matches ? grant.matches->size() : 0);
    if (cost <= left_.conditions) {
      left_.conditions -= cost;
      return true;
    }
    const model::Service& service = builder_.service();
    diagnostics_.report(
        "W57", service.span,
        "the rules for all Services up to `" + ir::to_string(service.ref) +
            "` are too many together; the rest is denied",
        "give Services that are called by different rules their own service accounts");
    return false;
  }

  UnitBuilder& builder_;
  Limits& left_;
  Diagnostics& diagnostics_;
  std::set<ir::DestinationRef> known_;
  bool full_ = false;
};

}  // namespace

void lower_access(UnitBuilder& builder, Limits& left, Diagnostics& diagnostics) {
  ir::Unit& unit = builder.unit();
  if (unit.access == ir::AccessMode::permissive) {
    unit.allows.push_back(
        {ir::AnyDestination{}, ir::AnySource{}, ir::Always{}, builder.service().access_origin});
    return;
  }
  AccessLowering lowering(builder, left, diagnostics);
  for (const auto& [identity, pod_ports] : reachable(builder)) {
    for (const Access& access : builder.mesh().access_to(identity)) {
      lowering.lower(access, pod_ports);
    }
  }
}

}  // namespace smic::lowering
