// SPDX-License-Identifier: Apache-2.0
// Random units, and random requests aimed at a unit: paths and header values are drawn from its
// patterns and then sometimes bent, so that rules are hit, and hit closely missed.
#pragma once

#include <cstddef>

#include "compiler/ir/ir.h"
#include "tests/support/random.h"

namespace smic::test {

struct UnitSize {
  std::size_t matches = 8;  // at most
  std::size_t routes = 4;   // at most, with a condition
  std::size_t allows = 6;   // at most
  bool words = false;       // paths differ in whole segments, so many that a hash tells them apart
  bool any_bytes = false;   // strings that are no patterns or words; for reading and printing only
};

// Verified; each route and each allow has an origin of its own.
ir::Unit generate_unit(Random& random, const UnitSize& size);

ir::Request generate_request(Random& random, const ir::Unit& unit);

}  // namespace smic::test
