// SPDX-License-Identifier: Apache-2.0
// Where in tables the first op lies that looks words up by a hash, so that a test that is about
// them can say that it has some. Tables have no list of their ops; this looks for what can hardly
// be anything else.
#pragma once

#include <cstdint>
#include <span>

namespace smic::test {

// Its offset; 0 = there is none.
std::uint32_t hash_in(std::span<const std::uint8_t> tables);

}  // namespace smic::test
