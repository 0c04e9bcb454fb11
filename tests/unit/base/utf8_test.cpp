// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <catch2/catch.hpp>

using smic::utf8_length;

TEST_CASE("utf8_length measures the first sequence, and is 0 where there is none") {
  CHECK(utf8_length("a\xff") == 1);
  CHECK(utf8_length("\u00fcx") == 2);
  CHECK(utf8_length("\u20ac") == 3);
  CHECK(utf8_length("\U0001F680") == 4);
  CHECK(utf8_length("") == 0);
  CHECK(utf8_length("\x80") == 0);
  CHECK(utf8_length("\xe2\x82") == 0);
}
