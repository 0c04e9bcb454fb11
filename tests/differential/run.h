// SPDX-License-Identifier: Apache-2.0
// Asks all engines the same and wants the same answers.
//
// A run has a fixed number of units and so the same result everywhere; SMIC_DIFFERENTIAL_SECONDS
// makes each test go on for so long instead, SMIC_SEED starts the random ones elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "tests/differential/engines.h"

namespace smic::test {

// Compares on one unit. A difference is shrunk, printed, and fails the test.
// Returns the reference's answers, for those who want to know what was hit.
std::vector<Answer> compare(const ir::Unit& unit, const std::vector<ir::Request>& requests,
                            bool with_costly_engines);

// Calls `step` with 0, 1, 2, … so often, or so long.
void repeat(std::size_t times, const std::function<void(std::size_t)>& step);

std::uint64_t seed();

}  // namespace smic::test
