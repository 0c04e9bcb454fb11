// SPDX-License-Identifier: Apache-2.0
#include "compiler/decision/needle.h"

#include <catch2/catch.hpp>

#include "contract/tables.h"

using smic::decision::needle_of;

TEST_CASE("a text between two wildcards is searched for", "[decision]") {
  CHECK(needle_of(".*Firefox.*") == "Firefox");
  CHECK(needle_of(".*MSIE 9\\.0; x/y_z.*") == "MSIE 9.0; x/y_z");
  CHECK(needle_of(".*a.*") == "a");
}

TEST_CASE("any other pattern is left to the automaton", "[decision]") {
  for (const char* pattern :
       {"",        ".*",          ".*.*",      "Firefox",  ".*Firefox", "Firefox.*",
        ".*a.b.*", ".*a+.*",      ".*(a|b).*", ".*[ab].*", ".*\\d.*",   ".*\\.*",
        ".*a\\.*", ".*\\Qa\\E.*", "(?i).*a.*", ".*a{2}.*", ".*^a.*",    ".*\xc3\xa9.*",
        ".*a\n.*", ".*a?.*",      ".*a*.*"}) {
    CAPTURE(pattern);
    CHECK_FALSE(needle_of(pattern));
  }
}

TEST_CASE("a text is searched for up to its limit", "[decision]") {
  const std::string longest(smic::contract::kMaxNeedle, 'x');
  CHECK(needle_of(".*" + longest + ".*") == longest);
  CHECK_FALSE(needle_of(".*" + longest + "x.*"));
}
