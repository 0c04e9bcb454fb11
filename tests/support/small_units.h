// SPDX-License-Identifier: Apache-2.0
// All units over a small alphabet, by number, and all requests that can tell them apart: two
// matches over 3 method sets, 4 paths and 3 header tests; up to two conditional routes and two
// allows over 2 source sets and 2 destinations. Mistakes in meaning show on small cases first, and
// here there is none that is left out.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/ir/ir.h"

namespace smic::test {

std::uint64_t small_unit_count();
ir::Unit small_unit(std::uint64_t number);  // below small_unit_count()
const std::vector<ir::Request>& small_requests();

}  // namespace smic::test
