// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "contract/manifest.h"

using namespace smic::contract;

TEST_CASE("a machine takes the best code that a unit has for it, or else the tables",
          "[manifest]") {
  Unit unit;
  unit.image = "tables";
  unit.native = {{"aarch64", "arm"}, {"x86_64-v2", "two"}, {"x86_64-v3", "three"}};
  using Targets = std::vector<std::string>;
  CHECK(image_for(unit, Targets{"x86_64-v3", "x86_64-v2"}) == "three");
  CHECK(image_for(unit, Targets{"x86_64-v2"}) == "two");
  CHECK(image_for(unit, Targets{"x86_64-v4", "x86_64-v3", "x86_64-v2"}) == "three");
  CHECK(image_for(unit, Targets{"aarch64"}) == "arm");
  CHECK(image_for(unit, Targets{"riscv64"}) == "tables");
  CHECK(image_for(unit, Targets{}) == "tables");
  unit.native.clear();
  CHECK(image_for(unit, Targets{"x86_64-v2"}) == "tables");
}
