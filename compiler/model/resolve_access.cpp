// SPDX-License-Identifier: Apache-2.0
// TrafficTargets to Access, sorted by destination: who may send what to the pods of one
// identity. Nothing here can widen another target: access is a union, and what does not resolve
// adds nothing to it.
#include <algorithm>
#include <tuple>

#include "compiler/model/access_stages.h"

namespace smic::model {

std::vector<Access> resolve_access(const resources::Set& set, const PodIdentities& identities,
                                   const std::vector<Service>& services, RouteGroups& groups,
                                   const Options& options, Diagnostics& diagnostics) {
  Subjects subjects(set, identities, options, diagnostics);
  PodPorts pod_ports(services, diagnostics);
  Rules rules(set, groups, pod_ports, options, diagnostics);

  std::vector<Access> resolved;
  for (const resources::TrafficTarget& target : set.traffic_targets) {
    const auto destinations = subjects.destinations(target);
    const auto sources = subjects.sources(target);
    for (const Identity& destination : destinations) {
      Access access{destination, sources, {}, {}, {}};
      rules.combine(target, access);
      access.origin =
          origin_of("TrafficTarget", target.meta, target.meta.span, diagnostics.sources());
      resolved.push_back(std::move(access));
    }
  }
  rules.warn_of_prefix_surprises();
  std::ranges::sort(resolved, {}, [](const Access& access) {
    return std::tie(access.destination, access.origin.resource);
  });
  return resolved;
}

}  // namespace smic::model
