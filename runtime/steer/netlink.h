// SPDX-License-Identifier: Apache-2.0
// rtnetlink, as far as steering needs it: local routes, and the link, address and route of a
// throw-away network namespace that probes them. netlink.cpp is the only door.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/ip.h"
#include "base/result.h"

namespace smic::steer::netlink {

// Marks routes as ours, where `ip route` shows "proto 115".
inline constexpr std::uint8_t kOurs = 115;

// `local RANGE dev lo proto 115 metric METRIC table local`
struct LocalRoute {
  IpRange range;
  std::uint32_t metric = 0;
  bool operator==(const LocalRoute&) const = default;
};

Result<void> add(const LocalRoute& route);     // fine if it is there
Result<void> remove(const LocalRoute& route);  // fine if it is not
Result<std::vector<LocalRoute>> ours();        // those with our mark

// A pair of links, one end here and one, named `peer`, in the network namespace of a process.
Result<void> add_link_pair(const std::string& here, const std::string& peer, pid_t process);
Result<void> remove_link(const std::string& name);
Result<void> bring_up(const std::string& link);
Result<void> add_address(const std::string& link, const IpAddress& address, std::uint8_t prefix);
Result<void> add_default_route(const std::string& link, const IpAddress& gateway);

}  // namespace smic::steer::netlink
