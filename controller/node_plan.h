// SPDX-License-Identifier: Apache-2.0
// Mesh addresses that follow from the cluster alone, so that no store is needed, every replica of
// the controller says the same, and a person can read them (DESIGN §5). A mesh range is two halves:
//
//   first half   the low bits of a cluster IP     10.96.1.7  → 240.96.1.7  (240.0.0.0/7)
//   second half  a hash of the Service's name     shop/db    → 241.18.52.86
//
// The second half is for what has no cluster IP (headless, ExternalName, rules without a Service),
// where no cluster IP can ever lead, and for cluster IPs of which another one has the same low bits
// (10.20.0.7 and 172.20.0.7). Who is older keeps his address: a Service that comes never moves
// another one.
//
// Tested by tests/unit/controller/node_plan_test.cpp.
#pragma once

#include <optional>

#include "base/ip.h"
#include "controller/controller.h"

namespace smic::controller {

struct MeshRanges {
  std::optional<IpRange> v4;
  std::optional<IpRange> v6;

  // "240.0.0.0/7,fd73:6d69:6300::/48": at most one of each family, at least one; with room for a
  // cluster's Services, and where addresses of hosts can be.
  static Result<MeshRanges> parse(const std::string& text);
};

inline constexpr const char* kDefaultMeshRanges = "240.0.0.0/7,fd73:6d69:6300::/48";

std::unique_ptr<AddressPlan> node_plan(const MeshRanges& ranges);

// A pure function of the set of services, in any order. A Service with cluster IPs gets an address
// of each family that those are of; one without, of each family that any cluster IP is of (of IPv4
// if there is none).
AddressPlan::Assignment node_addresses(const std::vector<MeshedService>& services,
                                       const MeshRanges& ranges, const AddressPlan::Taken& taken);

}  // namespace smic::controller
