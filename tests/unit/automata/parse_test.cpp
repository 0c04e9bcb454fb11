// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "compiler/automata/automata.h"

using namespace smic::automata;

namespace {

// The underlined text and what is said of it.
void check_refused(std::string_view pattern, std::string_view underlined, std::string_view message,
                   std::string_view help = {}) {
  INFO(pattern);
  const auto regex = parse(pattern);
  REQUIRE_FALSE(regex.has_value());
  const SyntaxError& error = regex.error();
  CHECK(error.message == message);
  CHECK(pattern.substr(error.offset, error.length) == underlined);
  if (!help.empty()) CHECK(error.help.find(help) != std::string::npos);
}

}  // namespace

TEST_CASE("a mistake is told with its place") {
  check_refused("/a(b", "(b", "missing `)`", "never closed");
  check_refused("/a)b", ")", "unexpected `)`", "`\\)`");
  check_refused("/[a-z", "[a-z", "missing `]`", "never closed");
  check_refused("/[z-a]", "z-a", "range `z-a` runs backwards");
  check_refused("*/x", "*", "nothing to repeat before `*`", "`\\*`");
  check_refused("a|{3}", "{3}", "nothing to repeat before `{3}`");
  check_refused("a{2}{3}", "{3}", "`{3}` repeats a repetition", "(?:...){3}");
  check_refused("/a\\", "\\", "trailing `\\`", "`\\\\`");
  check_refused("/\\y", "\\y", "unknown escape `\\y`");
  check_refused("/[[:foo:]]", "[:foo:]", "unknown character class `[:foo:]`", "alnum");
  check_refused("/\\p{Grek}x", "\\p{Grek}", "unknown Unicode class `\\p{Grek}`", "Greek");
  check_refused("/\\p{han}", "\\p{han}", "unknown Unicode class `\\p{han}`",
                "did you mean `\\p{Han}`?");
  check_refused("/\\x{110000}", "\\x{110000", "bad character code `\\x{110000`", "10FFFF");
  check_refused("/(?P<a b>x)", "(?P<a b>", "a group's name is made of letters, digits and `_`");
  check_refused("a\xFF", "\xFF", "invalid UTF-8", "\\C");
}

TEST_CASE("constructs of other engines are refused by name") {
  check_refused("/(?=x)", "(?=", "lookahead `(?=` is not supported", "no lookaround");
  check_refused("/(?!x)", "(?!", "negative lookahead `(?!` is not supported", "no lookaround");
  check_refused("/(?<=x)", "(?<=", "lookbehind `(?<=` is not supported");
  check_refused("/(?<!x)", "(?<!", "negative lookbehind `(?<!` is not supported");
  check_refused("/(?<n>x)", "(?<", "group name in the form `(?<` is not supported", "(?P<name>");
  check_refused("/(a)\\1", "\\1", "backreference `\\1` is not supported", "no backreferences");
  check_refused("/(?P<n>a)(?P=n)", "(?P=", "named backreference `(?P=` is not supported");
  check_refused("/(?>x)", "(?>", "atomic group `(?>` is not supported", "(?:...)");
  check_refused("/(?(1)a|b)", "(?(", "conditional `(?(` is not supported", "alternatives");
  check_refused("/a++", "+", "possessive repetition is not supported", "drop the `+`");
  check_refused("/a{2}+", "+", "possessive repetition is not supported");
  check_refused("/a\\Z", "\\Z", "`\\Z` is not supported", "`\\z`");
  check_refused("/(?x)a", "(?x", "free-spacing flag `x` is not supported");
  check_refused("/(?iq)a", "q", "unknown group flag `q`", "i, m, s and U");
  check_refused("/\\ha", "\\h", "`\\h` is not supported", "[\\t ]");
}

TEST_CASE("what only looks like a mistake is none") {
  for (const char* pattern :
       {"a{", "a{,2}", "a{x}", "a{01}", "a{999999999}", "[]a]", "[a-]", "[-a]", "x*(?:)*"}) {
    INFO(pattern);
    CHECK(parse(pattern).has_value());
  }
}

TEST_CASE("the longest pattern is taken and a longer one is not") {
  CHECK(parse(std::string(limits().pattern_bytes, 'a')).has_value());
  const auto longer = parse(std::string(limits().pattern_bytes + 1, 'a'));
  REQUIRE_FALSE(longer.has_value());
  CHECK(longer.error().message == "regex is longer than 4096 bytes");
}

TEST_CASE("groups nest up to the limit and no deeper") {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '(') + "a" + std::string(depth, ')');
  };
  CHECK(parse(nested(limits().nesting)).has_value());
  const auto deeper = parse(nested(limits().nesting + 1));
  REQUIRE_FALSE(deeper.has_value());
  CHECK(deeper.error().message == "groups nest deeper than 200");
  CHECK(deeper.error().offset == limits().nesting);
}

TEST_CASE("counts go to 1000, nested ones multiplied") {
  CHECK(parse("a{1000}").has_value());
  CHECK(parse("(?:a{100}){10}").has_value());
  check_refused("a{1001}", "{1001}", "repetition count `{1001}` is out of range");
  check_refused("a{3,2}", "{3,2}", "repetition count `{3,2}` is out of range", "low to high");
  check_refused("(?:a{100}){11}", "{11}", "repetition count `{11}` is out of range", "multiplied");
}

TEST_CASE("stacked repetitions do not make the tree deep") {
  std::string pattern = "a*";
  while (pattern.size() + 7 <= limits().pattern_bytes) pattern += "(?i)*";
  const auto regex = parse(pattern);
  REQUIRE(regex.has_value());
  CHECK(check_alone(*regex, Anchor::both).has_value());
}
