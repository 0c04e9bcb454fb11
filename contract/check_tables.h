// SPDX-License-Identifier: Apache-2.0
// Are these tables safe to run? After check_tables() said yes, the kernel reads nothing outside
// them, always ends, and answers only with routes, backends and destinations that `shape` knows.
// Whether they decide what the unit means is not asked here: that is the compiler's promise, and
// the digest says that nobody changed it on the way.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "contract/image.h"

namespace smic::contract {

Result<void> check_tables(std::span<const std::uint8_t> tables, const Shape& shape);

}  // namespace smic::contract
