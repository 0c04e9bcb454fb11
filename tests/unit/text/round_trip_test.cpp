// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/support/generate_unit.h"
#include "tests/support/read_units.h"

using namespace smic;
using test::read_unit;
using test::read_units;

TEST_CASE("what is printed reads back as the same value", "[text]") {
  constexpr std::string_view kText =
      R"(unit shop/reviews:9080 http enforce
  source s0 = { shop/admin, shop/web }
  source s1 = {}
  match m0 = method in { GET, other } and path ~ "/\"\\\x00\xff" and header "x-a" ~ "é" @ "H a/b" "a.yaml":7
  match m1 = any @ "" "":0
  match m2 = method in {} @ "" "":4294967295
  route r0 when m1 or m0 -> split { shop/v1:9080 = 9, shop/v2:9080 = 4294967295 } @ "" "":0
  route r1 when {} -> unavailable @ "" "":0
  route r2 when never -> unavailable { shop/v1:80 = 0 } @ "" "":0
  route r3 -> shop/reviews:65535 @ "" "":0
  allow to shop/reviews:8080 from s0 when m0 @ "" "":0
  allow to "odd name"/"any" from s1 @ "" "":0

unit any/never:1 udp permissive
  route r0 -> route/unit:1 @ "" "":0
  allow to any from any @ "" "":0
)";
  const auto units = read_units(kText);
  REQUIRE(units.size() == 2);
  REQUIRE(units[0].matches[0].path == std::string("/\"\\\0\xff", 5));
  REQUIRE(ir::print(units) == kText);
  REQUIRE(read_units(ir::print(units)) == units);
}

TEST_CASE("comments and white space mean nothing", "[text]") {
  const auto plain = read_unit("unit a/b:1 tcp enforce\n route r0 -> a/b:1 @ \"r\" \"f\":2\n");
  REQUIRE(read_unit(
              "# first\r\nunit a/b :1\ttcp\n enforce route r0->a/b:1 # last\n @ \"r\" \"f\" : 2") ==
          plain);
}

TEST_CASE("a statement without origin names its own line", "[text]") {
  const auto unit = read_unit("unit a/b:1 http enforce\n match m0 = any\n route r0 -> a/b:1");
  REQUIRE(unit.matches[0].origin == ir::Origin{"unit a/b:1", "test.smir", 2});
  REQUIRE(unit.routes[0].origin == ir::Origin{"unit a/b:1", "test.smir", 3});
}

TEST_CASE("labels are for the reader; printing numbers them", "[text]") {
  const auto unit = read_unit(R"(unit a/b:1 http enforce
    source everybody = { a/x }
    match read = method in { GET }
    route plain -> a/b:1
    allow to a/b from everybody when read)");
  REQUIRE(test::print_without_origins(unit) == R"(unit a/b:1 http enforce
  source s0 = { a/x }
  match m0 = method in { GET }
  route r0 -> a/b:1
  allow to a/b from s0 when m0
)");
}
TEST_CASE("random units with any bytes in their strings read back as they were", "[text]") {
  constexpr std::uint64_t kSeed = 20230;
  test::Random random(kSeed);
  for (int i = 0; i < 200; ++i) {
    const ir::Unit unit = test::generate_unit(random, {.any_bytes = true});
    INFO("seed " << kSeed << ", unit " << i << "\n" << ir::print(unit));
    REQUIRE(ir::verify(unit));
    const auto read = read_units(ir::print(unit));
    REQUIRE(read == std::vector{unit});
  }
}
