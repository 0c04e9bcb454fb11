// SPDX-License-Identifier: Apache-2.0
// The program that steers, as the kernel's instructions: eight bytes each.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/ip.h"

namespace smic::steer::bpf {

// `targets`, `sockets`: descriptors of its maps.
std::vector<std::uint64_t> program_for(std::span<const IpRange> ranges, int targets, int sockets);

}  // namespace smic::steer::bpf
