// SPDX-License-Identifier: Apache-2.0
// Bit forms in tables: the kernel answers as the naive interpreter does, check_tables() takes them,
// and what is spoilt in them is refused or harmless.
#include <catch2/catch.hpp>
#include <cstring>
#include <random>

#include "contract/check_tables.h"
#include "contract/tables.h"
#include "tests/unit/decision/asked.h"

namespace smic::test {
namespace {

const std::string kUnit = R"(unit shop/reviews:9080 http enforce
    source s0 = { shop/web }
    match m0 = path ~ "/[ab]*a[ab]{30}$"
    match m1 = path ~ "/.*a.{24}"
    match m2 = header "x-tag" ~ ".*k.{20}"
    match m3 = path ~ "/b"
    route r0 when m0 -> shop/v1:9080
    route r1 when m2 -> shop/v2:9080
    route r2 -> shop/reviews:9080
    allow to shop/reviews from s0 when m1
    allow to shop/other from s0 when m3)";

std::vector<std::string> subjects(std::string_view letters, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<std::string> subjects = {"", "/"};
  for (int i = 0; i < 120; ++i) {
    std::string text = "/";
    for (std::size_t n = random() % 70; n > 0; --n) text += letters[random() % letters.size()];
    subjects.push_back(text);
  }
  return subjects;
}

TEST_CASE("bit forms in tables answer as the interpreter does") {
  const Asked asked(kUnit);
  const auto description = decision::describe(asked.unit());
  CHECK(description.text.find("a bit for each of") != std::string::npos);
  std::size_t bits = 0;
  for (const decision::AutomatonFigures& automaton : description.automata) {
    if (!automaton.bits) continue;
    ++bits;
    CHECK(automaton.too_large_alone);
    CHECK(automaton.patterns.size() == 1);
  }
  CHECK(bits == 3);
  std::vector<std::vector<std::pair<std::string, std::string>>> headers = {{}};
  for (const std::string& value : subjects("kx", 2)) headers.push_back({{"x-tag", value}});
  asked.agree({.paths = subjects("ab", 1), .sources = {"", "shop/web"}});
  asked.agree({.paths = {"/", "/b"}, .headers = headers});
}

TEST_CASE("long subjects are answered, and nothing matches beyond the end") {
  const Asked asked(kUnit);
  for (const std::size_t size : {63u, 64u, 8192u}) {
    asked.agree({.paths = {"/" + std::string(size, 'a'), "/" + std::string(size, 'a') + "c",
                           "/c" + std::string(size, 'b')},
                 .sources = {"shop/web"}});
  }
}

TEST_CASE("every field of a bit form is checked") {
  const Asked asked(kUnit);
  const decision::Decision& decision = asked.decision();
  REQUIRE(contract::check_tables(decision.tables, decision.shape));
  const auto word = [&](std::size_t at) {
    std::uint32_t value = 0;
    std::memcpy(&value, decision.tables.data() + at, sizeof value);
    return value;
  };
  const std::uint32_t roots = word(offsetof(contract::TablesHeader, path_roots));
  std::size_t ops = 0;
  for (std::uint32_t g = 0; g < word(offsetof(contract::TablesHeader, path_groups)); ++g) {
    const std::uint32_t op = word(roots + 4 * g);
    if (word(op) != static_cast<std::uint32_t>(contract::Op::kBits)) continue;
    ++ops;
    for (std::uint32_t field = 4; field < offsetof(contract::BitsRecord, class_of); field += 4) {
      for (const std::uint32_t value : {0xffffffffu, 0x7ffffffcu, 3u}) {
        auto spoilt = decision.tables;
        std::memcpy(spoilt.data() + op + field, &value, sizeof value);
        INFO("field at " << field << " with " << value);
        CHECK_FALSE(contract::check_tables(spoilt, decision.shape));
      }
    }
    auto spoilt = decision.tables;
    spoilt[op + offsetof(contract::BitsRecord, class_of) + 'a'] = 255;
    CHECK_FALSE(contract::check_tables(spoilt, decision.shape));
  }
  CHECK(ops == 2);
}

}  // namespace
}  // namespace smic::test
