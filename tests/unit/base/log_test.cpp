// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <catch2/catch.hpp>

using smic::json_escape;

TEST_CASE("json_escape leaves plain text and well-formed UTF-8 alone") {
  CHECK(json_escape("shop/web") == "shop/web");
  CHECK(json_escape("gr\xc3\xbc\xc3\x9f \xf0\x9f\x9a\x80") ==
        "gr\xc3\xbc\xc3\x9f \xf0\x9f\x9a\x80");
}

TEST_CASE("json_escape escapes quotes, backslashes and control characters") {
  CHECK(json_escape("a\"b\\c\n\x01") == "a\\\"b\\\\c\\u000a\\u0001");
  CHECK(json_escape("\x7f") == "\\u007f");
}

TEST_CASE("json_escape replaces every byte that is not UTF-8") {
  CHECK(json_escape("\xff") == "\\ufffd");
  CHECK(json_escape("\xc0\x80") == "\\ufffd\\ufffd");                        // overlong
  CHECK(json_escape("\xed\xa0\x80") == "\\ufffd\\ufffd\\ufffd");             // surrogate
  CHECK(json_escape("\xe2\x82") == "\\ufffd\\ufffd");                        // cut short
  CHECK(json_escape("\xf4\x90\x80\x80") == "\\ufffd\\ufffd\\ufffd\\ufffd");  // beyond Unicode
}
