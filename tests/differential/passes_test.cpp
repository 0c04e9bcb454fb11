// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "compiler/passes/passes.h"
#include "tests/differential/run.h"
#include "tests/support/generate_unit.h"
#include "tests/support/read_units.h"

using namespace smic;

TEST_CASE("what the passes made of a unit they leave alone", "[differential]") {
  test::repeat(2000, [](std::size_t i) {
    test::Random random(test::seed() + i);
    const ir::Unit unit = test::generate_unit(random, {.matches = 12, .routes = 6, .allows = 12});
    const ir::Unit once = passes::run(unit, {});
    INFO("SMIC_SEED=" << test::seed() << ", unit " << i << "\n" << ir::print(unit));
    REQUIRE(ir::print(passes::run(once, {})) == ir::print(once));
  });
}

TEST_CASE("compiled text read back compiles to the same text", "[differential]") {
  test::repeat(300, [](std::size_t i) {
    test::Random random(test::seed() + i);
    const ir::Unit unit = passes::run(test::generate_unit(random, {}), {});
    INFO("SMIC_SEED=" << test::seed() << ", unit " << i);
    REQUIRE(passes::run(test::read_unit(ir::print(unit)), {}) == unit);
  });
}
