// SPDX-License-Identifier: Apache-2.0
// Our Unicode against RE2's, code point by code point: every class and every case fold.
#include <re2/re2.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "compiler/automata/code_points.h"
#include "compiler/automata/utf8.h"

using namespace smic::automata;

namespace {

std::string encode(char32_t point) {
  std::string bytes;
  append_utf8(bytes, point);
  return bytes;
}

std::string all_of(const CodePoints& points) {
  std::string bytes;
  for (const CodePointRange& range : points.ranges()) {
    // Beyond the tertiary plane there are few and large ranges: their ends will do.
    for (char32_t point = range.first; point <= std::min<char32_t>(range.last, 0x3FFFF); ++point) {
      append_utf8(bytes, point);
    }
    for (const char32_t end : {range.first, range.last}) append_utf8(bytes, end);
  }
  return bytes;
}

}  // namespace

TEST_CASE("Unicode classes have the members that RE2's have") {
  for (const std::string_view view : unicode_class_names()) {
    const std::string name(view);
    INFO(name);
    CodePoints points = *unicode_class(name);
    CHECK(re2::RE2::FullMatch(all_of(points), "\\p{" + name + "}*"));
    points.negate();
    CHECK(re2::RE2::FullMatch(all_of(points), "\\P{" + name + "}*"));
  }
}

TEST_CASE("code points fold as RE2's do") {
  std::vector<char32_t> cased;
  CodePoints caseless;
  for (char32_t point = 0; point <= kLastCodePoint; ++point) {
    if (has_case(point)) {
      cased.push_back(point);
    } else {
      caseless.add(point, point);
    }
  }
  std::string ranges;
  for (const CodePointRange& range : caseless.ranges()) {
    char text[32];
    std::snprintf(text, sizeof text, "\\x{%X}-\\x{%X}", static_cast<unsigned>(range.first),
                  static_cast<unsigned>(range.last));
    ranges += text;
  }
  const re2::RE2 caseless_folded("(?i)[" + ranges + "]");
  REQUIRE(caseless_folded.ok());
  for (const char32_t point : cased) {
    INFO(static_cast<std::uint32_t>(point));
    if (re2::RE2::FullMatch(encode(point), caseless_folded)) FAIL("RE2 folds it to a caseless one");
    const CodePoints orbit = fold_orbit(point);
    if (orbit.ranges().front().first != point) continue;  // once per orbit
    const re2::RE2 folded("(?i)" + encode(point));
    for (const char32_t other : cased) {
      if (re2::RE2::FullMatch(encode(other), folded) != orbit.contains(other)) {
        FAIL("disagreement on " << static_cast<std::uint32_t>(other));
      }
    }
  }
  SUCCEED();
}
