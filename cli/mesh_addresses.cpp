// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/cli/mesh_addresses_test.cpp.
#include "cli/mesh_addresses.h"

#include <utility>

namespace smic::cli {
namespace {

controller::AddressPlan::Addresses addresses(const Frontend& front, controller::AddressPlan& plan) {
  auto assigned = controller::assign_addresses(front, plan);
  return assigned ? std::move(assigned->addresses) : controller::AddressPlan::Addresses();
}

std::vector<std::string> at(const controller::AddressPlan::Addresses& addresses,
                            const ir::ServiceRef& service) {
  const auto found = addresses.find(service);
  return found == addresses.end() ? std::vector<std::string>() : found->second;
}

// Will a cluster give it an address that nobody knows here?
bool waits_for_cluster_ip(const Frontend& front, const ir::ServiceRef& service) {
  for (const resources::Service& object : front.resources.services) {
    if (object.meta.ns.value != service.ns || object.meta.name.value != service.name) continue;
    return object.cluster_ips.empty() && object.cluster_ip != "None" &&
           object.type != "ExternalName";
  }
  return false;
}

}  // namespace

MeshAddresses::MeshAddresses(const Frontend& front, const controller::MeshRanges& ranges)
    : front_(front),
      loopback_(addresses(front, *controller::loopback_plan())),
      node_(addresses(front, *controller::node_plan(ranges))) {}

MeshPlace MeshAddresses::of(const ir::ServiceRef& service) const {
  MeshPlace place{at(loopback_, service), at(node_, service)};
  if (waits_for_cluster_ip(front_, service)) place.node.clear();
  return place;
}

}  // namespace smic::cli
