// SPDX-License-Identifier: Apache-2.0
#include "compiler/decision/shapes.h"

#include <catch2/catch.hpp>

using namespace smic;

namespace {

automata::Dfa dfa_of(const std::vector<std::string>& patterns) {
  std::vector<automata::Regex> regexes;
  for (const std::string& pattern : patterns) regexes.push_back(*automata::parse(pattern));
  auto groups = automata::build(regexes, automata::Anchor::start, patterns.size());
  REQUIRE(groups.size() == 1);
  return std::move(groups[0].dfa);
}

std::uint32_t after(const automata::Dfa& dfa, std::string_view text) {
  std::uint32_t state = 0;
  for (const char c : text) state = dfa.step(state, static_cast<std::uint8_t>(c));
  return state;
}

}  // namespace

TEST_CASE("what goes on alike is one shape, with a set for each", "[decision]") {
  const auto dfa = dfa_of({"/a/[0-9]+/items$", "/b/[0-9]+/items$", "/c/[0-9]+/notes$"});
  decision::Shapes shapes(dfa);
  const auto a = shapes.find(after(dfa, "/a/")), b = shapes.find(after(dfa, "/b/"));
  const auto c = shapes.find(after(dfa, "/c/"));
  REQUIRE(a);
  REQUIRE(b);
  REQUIRE(c);
  CHECK(a->shape == b->shape);
  CHECK(a->shape != c->shape);
  CHECK(a->set != b->set);
  CHECK(shapes.all().size() == 2);
  const automata::Dfa& shape = shapes.all()[a->shape];
  for (const std::string rest : {"17/items", "17/item", "17/items/", "", "x", "1"}) {
    const bool accepted = dfa.sets[automata::run(dfa, "/a/" + rest)].size() == 1;
    CHECK(automata::run(shape, rest) == (accepted ? 1 : 0));
  }
}

TEST_CASE("what means several things, or nothing, or is large, has no shape", "[decision]") {
  const auto dfa = dfa_of({"/a/[0-9]+$", "/a/7$", "/b/.{40}/c/.{40}$", "/c$"});
  decision::Shapes shapes(dfa);
  CHECK_FALSE(shapes.find(after(dfa, "/a/")));
  CHECK_FALSE(shapes.find(after(dfa, "/a/")));  // nor the second time
  CHECK_FALSE(shapes.find(after(dfa, "/b/")));
  CHECK_FALSE(shapes.find(after(dfa, "/x")));
  CHECK(shapes.find(after(dfa, "/c")));
}
