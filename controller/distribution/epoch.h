// SPDX-License-Identifier: Apache-2.0
// Epochs: a number that every controller process takes from the shared shelf when it starts, one
// more than any before it. States are ordered by epoch first, and their versions only rise, so a
// proxy can tell an old state from a new one without a clock and without a store of versions.
//
// A proxy that comes from another replica with a later epoch would have to refuse ours. So before
// it is served the epoch is taken again, above the proxy's. Taking one is a write: a replica that
// is cut off from the API cannot do it, and so cannot lead anybody back to what it knew before.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "controller/keys/shelf.h"

namespace smic::distribution {

// No node may push the epoch further than this at once, or it would run out.
inline constexpr std::uint64_t kFarthestEpoch = 1u << 20;

// Above `above`, and above all that were taken before.
Result<std::uint64_t> take_epoch(keys::Shelf& shelf, std::uint64_t above);

}  // namespace smic::distribution
