// SPDX-License-Identifier: Apache-2.0
#include "base/command_line.h"

#include <catch2/catch.hpp>

using namespace smic;

namespace {

enum class Colour { red, blue };

struct Given {
  bool loud = false;
  std::string name;
  unsigned count = 1;
  Colour colour = Colour::red;
};

Syntax syntax_of(Given& given) {
  Syntax syntax;
  syntax.command = "paint";
  syntax.operands = "WALL...";
  syntax.least = 1;
  syntax.most = 2;
  syntax.about = "Paints walls.";
  syntax.options = {
      flag("--loud", given.loud, "sing"), text("-o", "FILE", given.name, "where to"),
      number("--count", "N", given.count, 10, "how often\n(default: 1)"),
      choice<Colour>("--colour", {{"red", Colour::red}, {"blue", Colour::blue}}, given.colour, "")};
  return syntax;
}

std::string error_of(const std::vector<std::string>& words) {
  Given given;
  const auto parsed = parse(syntax_of(given), words);
  return parsed ? "" : parsed.error();
}

}  // namespace

TEST_CASE("options are taken in every usual form, anywhere among the operands") {
  Given given;
  const std::vector<std::string> words{"north", "--colour=blue", "-o", "f", "--count",
                                       "3",     "--loud",        "-"};
  const auto parsed = parse(syntax_of(given), words);
  REQUIRE(parsed.has_value());
  CHECK(parsed->operands == std::vector<std::string>{"north", "-"});
  CHECK(given.colour == Colour::blue);
  CHECK(given.name == "f");
  CHECK(given.count == 3);
  CHECK(given.loud);
}

TEST_CASE("after -- everything is an operand") {
  Given given;
  const std::vector<std::string> words{"--", "--loud"};
  const auto parsed = parse(syntax_of(given), words);
  REQUIRE(parsed.has_value());
  CHECK(parsed->operands == std::vector<std::string>{"--loud"});
  CHECK_FALSE(given.loud);
}

TEST_CASE("a wrong command line says in one line what is wrong") {
  CHECK(error_of({"a", "--lout"}) == "there is no option `--lout`; did you mean `--loud`?");
  CHECK(error_of({"a", "--loud=yes"}) == "`--loud` takes no value");
  CHECK(error_of({"a", "--count"}) == "`--count` needs a value: N");
  CHECK(error_of({"a", "--count=11"}) == "--count: `11` is not a number from 0 to 10");
  CHECK(error_of({"a", "--count=1x"}) == "--count: `1x` is not a number from 0 to 10");
  CHECK(error_of({"a", "--colour=green"}) == "--colour: `green` is none of red, blue");
  CHECK(error_of({}) == "it needs WALL...");
  CHECK(error_of({"a", "b", "c"}) == "`c` is one operand too many");
}

TEST_CASE("help is aligned and shows every option") {
  Given given;
  CHECK(help_of(syntax_of(given)) ==
        "usage: paint [OPTION]... WALL...\n"
        "\n"
        "Paints walls.\n"
        "\n"
        "options:\n"
        "  --loud                      sing\n"
        "  -o FILE                     where to\n"
        "  --count=N                   how often\n"
        "                              (default: 1)\n"
        "  --colour=red|blue\n"
        "  --help                      this text\n");
}
