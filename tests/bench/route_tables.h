// SPDX-License-Identifier: Apache-2.0
// Route tables as large services have them, and requests that hit them, for every bench alike:
// REST-like path templates under shared prefixes, four methods, every fifth rule with a header
// test; paths of 20 to 120 bytes. Same number and seed → same table, on any machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "compiler/ir/ir.h"

namespace smic::bench {

// One unit with `rules` matches; each belongs to one of the unit's access rules (a target per 50
// matches, with sources of its own), and the first tenth of them also to a conditional split.
ir::Unit route_table(std::size_t rules, std::uint64_t seed);

// Which rules requests hit: all alike, or the n-th most popular one with a weight of 1/n, as real
// traffic does; which rules are popular is random.
enum class Popularity { uniform, zipf };

// `count` requests for random rules of the table, `misses` (0..1) of them for no rule.
std::vector<ir::Request> requests(const ir::Unit& table, std::size_t count, double misses,
                                  std::uint64_t seed, Popularity popularity = Popularity::uniform);

}  // namespace smic::bench
