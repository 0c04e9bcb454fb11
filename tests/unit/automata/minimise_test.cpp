// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "compiler/automata/automata.h"

using namespace smic::automata;

namespace {

Dfa automaton(const std::vector<std::string>& patterns, Anchor anchor) {
  std::vector<Regex> regexes;
  for (const std::string& pattern : patterns) regexes.push_back(*parse(pattern));
  std::vector<Group> groups = build(regexes, anchor, patterns.size());
  REQUIRE(groups.size() == 1);
  return std::move(groups.front().dfa);
}

std::size_t states(const std::string& pattern, Anchor anchor) {
  return automaton({pattern}, anchor).states.size();
}

}  // namespace

TEST_CASE("automata have the fewest states there can be") {
  CHECK(states("", Anchor::start) == 1);
  CHECK(states("abc", Anchor::start) == 5);  // one per letter, matched, dead
  CHECK(states("abc", Anchor::both) == 5);
  CHECK(states("a.*", Anchor::start) == 3);  // nothing after the a matters
  CHECK(states("(a|b)*abb", Anchor::both) == 5);
  CHECK(states("(?:a|b)*(?:a|b)*", Anchor::both) == 2);
  CHECK(states("a{2,4}", Anchor::both) == 6);
  CHECK(states("ab|cb|db", Anchor::both) == 4);
  CHECK(states("[^\\x00-\\x{10FFFF}]", Anchor::start) == 1);
  CHECK(states("(?:a*)*|(?:a|aa)+", Anchor::both) == 2);
  CHECK(states("\\C*", Anchor::both) == 1);
}

TEST_CASE("patterns that say the same have the same automaton") {
  const auto same = [](const char* a, const char* b) {
    CHECK(automaton({a}, Anchor::start) == automaton({b}, Anchor::start));
    CHECK(automaton({a}, Anchor::both) == automaton({b}, Anchor::both));
  };
  same("^/a", "/a");
  same("/a[.]b", "/a\\.b");
  same("(?i)ab", "[aA][bB]");
  same("x(?:ab|ac)", "xa[bc]");
  same("a+", "aa*?");
  same("(?:a|b|c)", "[a-c]");
  same("a{0,2}", "(?:a?){2}");
  same("\\b\\B", "[^\\x00-\\x{10FFFF}]");
}

TEST_CASE("a sparse state keeps what Dfa promises") {
  const Dfa dfa = automaton({"/[^/]+/x", "/me/[a-m]", "(?i)/é"}, Anchor::start);
  CHECK(dfa.sets.front().empty());
  std::uint32_t numbered = 0;  // breadth first, in byte order
  for (std::uint32_t state = 0; state < dfa.states.size(); ++state) {
    int bytes_to_default = 256;
    const Edge* previous = nullptr;
    for (const Edge& edge : dfa.edges_of(state)) {
      CHECK(edge.first <= edge.last);
      CHECK(edge.to != dfa.states[state].default_to);
      if (previous) {
        CHECK(previous->last < edge.first);
        CHECK_FALSE((previous->to == edge.to && previous->last + 1 == edge.first));
      }
      bytes_to_default -= edge.last - edge.first + 1;
      previous = &edge;
    }
    CHECK(bytes_to_default > 0);
    for (int byte = 0; byte < 256; ++byte) {
      const std::uint32_t to = dfa.step(state, static_cast<std::uint8_t>(byte));
      CHECK(to <= numbered + 1);
      numbered = std::max(numbered, to);
    }
  }
  CHECK(numbered + 1 == dfa.states.size());
}

TEST_CASE("a prefix match once made is settled, and so is a subject that cannot match any more") {
  const Dfa dfa = automaton({"/a"}, Anchor::start);
  const std::uint32_t matched = dfa.step(dfa.step(0, '/'), 'a');
  CHECK(dfa.settled(matched));
  CHECK(dfa.settled(dfa.step(0, 'x')));
  CHECK_FALSE(dfa.settled(0));
}
