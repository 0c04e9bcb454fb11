// SPDX-License-Identifier: Apache-2.0
// Kubernetes quantities (`10m`, `1.5`, `2k`, `1e3`, `512Mi`), exactly: no floating point, no lost
// scale. v1alpha1 splits weigh their backends with them; later versions with plain numbers, which
// are quantities too.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>
#include <vector>

namespace smic::resources {

inline constexpr std::uint32_t kHighestWeight = 0x7FFF'FFFF;

struct Quantity {
  unsigned __int128 nano = 0;  // in units of 10⁻⁹, rounded up as Kubernetes does
  bool negative = false;

  bool whole() const { return nano % 1'000'000'000 == 0; }
};

enum class QuantityError { malformed, too_large };

std::expected<Quantity, QuantityError> parse_quantity(std::string_view text);

// Whole numbers in the same ratio (SMI reference §1.4): as they are if all are whole, else
// multiplied by the least of 10³, 10⁶ and 10⁹ that makes them so; divided by what they have in
// common only if one would exceed kHighestWeight. Nothing if one still does.
std::optional<std::vector<std::uint32_t>> whole_weights(const std::vector<Quantity>& weights);

}  // namespace smic::resources
