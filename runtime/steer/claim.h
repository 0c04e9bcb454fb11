// SPDX-License-Identifier: Apache-2.0
// Which of the routes with our mark are this process's, without a file and without asking other
// processes: each proxy of a network namespace claims a number, and its routes have that number as
// their metric. A claim is a name of an abstract socket, which is the namespace's and is free again
// when its holder is gone, however it went. So two proxies each have a route of their own while one
// takes over from the other, each removes its own, and what a crash has left is known by a metric
// that nobody claims.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "runtime/steer/descriptor.h"

namespace smic::steer {

struct Claim {
  Descriptor holder;
  std::uint32_t metric = 0;
};

inline constexpr std::uint32_t kMostClaims = 64;

Result<Claim> claim_a_metric();
bool claimed(std::uint32_t metric);  // by anybody

}  // namespace smic::steer
