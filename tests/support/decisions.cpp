// SPDX-License-Identifier: Apache-2.0
#include "tests/support/decisions.h"

#include <catch2/catch.hpp>

#include "tests/support/read_units.h"

namespace smic::test {

decision::Decision decide(std::string_view unit) { return decision::decide(read_unit(unit)); }

contract::Bytes image_of(std::string_view unit, std::string_view target) {
  auto image = codegen::emit_image(decide(unit), target);
  REQUIRE(image);
  return std::move(*image);
}

}  // namespace smic::test
