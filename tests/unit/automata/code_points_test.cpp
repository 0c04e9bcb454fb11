// SPDX-License-Identifier: Apache-2.0
#include "compiler/automata/code_points.h"

#include <catch2/catch.hpp>

using namespace smic::automata;

TEST_CASE("ranges are kept sorted and joined where they touch") {
  CodePoints points;
  points.add('x', 'z');
  points.add('a', 'c');
  points.add('d', 'f');
  points.add('b', 'e');
  CHECK(points.ranges() == std::vector<CodePointRange>{{'a', 'f'}, {'x', 'z'}});
}

TEST_CASE("negation turns gaps to ranges, and twice is nothing") {
  CodePoints points;
  points.negate();
  CHECK(points.ranges() == std::vector<CodePointRange>{{0, kLastCodePoint}});
  points.negate();
  CHECK(points.ranges().empty());
  points.add(0, 'a');
  points.negate();
  CHECK(points.ranges() == std::vector<CodePointRange>{{'b', kLastCodePoint}});
}

TEST_CASE("letters fold to all their forms") {
  CHECK(fold_orbit('k').ranges() ==
        std::vector<CodePointRange>{{'K', 'K'}, {'k', 'k'}, {0x212A, 0x212A}});
  CHECK(fold_orbit(0x3C3).ranges() ==  // sigma, capital and final
        std::vector<CodePointRange>{{0x3A3, 0x3A3}, {0x3C2, 0x3C3}});
  CHECK_FALSE(has_case('1'));
}

TEST_CASE("classes are found by their names and by no other") {
  CHECK(unicode_class("Greek")->contains(0x3B1));
  CHECK(unicode_class("Lu")->contains('A'));
  CHECK_FALSE(unicode_class("Lu")->contains('a'));
  CHECK(unicode_class("Any")->contains(kLastCodePoint));
  CHECK_FALSE(unicode_class("Cn").has_value());
  CHECK_FALSE(unicode_class("greek").has_value());
  CHECK(posix_class("xdigit")->contains('f'));
  CHECK_FALSE(posix_class("letter").has_value());
  CHECK_FALSE(perl_class('s')->contains('\v'));
}
