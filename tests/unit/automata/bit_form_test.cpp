// SPDX-License-Identifier: Apache-2.0
// Which patterns get the bit form, that its size and steps are bounded, and that it answers as the
// automaton does where there are both. RE2 judges it in bombs_test.cpp.
#include <catch2/catch.hpp>

#include <random>

#include "compiler/automata/determinise.h"

using namespace smic::automata;

namespace {

std::optional<BitForm> bits(std::string_view pattern, Anchor anchor) {
  const auto regex = parse(pattern);
  REQUIRE(regex.has_value());
  const Member member{&regex->ast(), 0};
  const auto nfa = to_nfa(merge_prefixes({&member, 1}), limits().program);
  return nfa ? to_bit_form(*nfa, anchor) : std::nullopt;
}

std::vector<Group> groups_of(const std::vector<std::string>& patterns, UnitBudget& budget) {
  std::vector<Regex> regexes;
  for (const std::string& pattern : patterns) regexes.push_back(*parse(pattern));
  return build(regexes, Anchor::both, patterns.size(), budget);
}

std::size_t count_bits(const std::vector<Group>& groups) {
  std::size_t count = 0;
  for (const Group& group : groups) count += group.dfa.bits.has_value();
  return count;
}

}  // namespace

TEST_CASE("a pattern that explodes alone is run as it is") {
  UnitBudget budget;
  const auto groups = groups_of({".*a.{30}"}, budget);
  REQUIRE(groups.size() == 1);
  const Dfa& form = groups[0].dfa;
  REQUIRE(form.bits);
  CHECK(form.bits->follow_of.size() < 300);
  CHECK(form.sets == std::vector<std::vector<std::uint32_t>>{{}, {0}});
  const std::string tail(30, 'x');
  CHECK(run(form, "a" + tail) == 1);
  CHECK(run(form, "bbba" + tail) == 1);
  CHECK(run(form, "bbb" + tail) == 0);
  CHECK(run(form, "a" + tail + "x") == 0);
  CHECK(run(form, "") == 0);
}

TEST_CASE("places that go on alike are one position") {
  const auto form = bits("(?:a?b?c?){99}", Anchor::both);
  REQUIRE(form);
  CHECK(form->follow_of.size() == 297);
  for (const BitForm::Follow& follow : form->follows) CHECK(follow.runs.size() <= 1);
}

TEST_CASE("a bit form answers as the automaton does") {
  const std::vector<std::string> parts = {"a",       "b",    ".",     "[ab]", "a*",
                                          "(?:ab)+", "b?",   "\\bb",  "$",    "(?m)$",
                                          "(?:a|b)", "[^a]", "(?i)A", "\\B"};
  std::mt19937 random(11);
  int settled = 0;
  for (int round = 0; round < 2000; ++round) {
    std::string pattern;
    for (std::size_t i = 1 + random() % 5; i > 0; --i) pattern += parts[random() % parts.size()];
    for (const Anchor anchor : {Anchor::start, Anchor::both}) {
      const auto form = bits(pattern, anchor);
      REQUIRE(form);
      const Dfa dfa = build({*parse(pattern)}, anchor, 1).front().dfa;
      REQUIRE_FALSE(dfa.bits);
      for (int trial = 0; trial < 10; ++trial) {
        std::string subject;
        for (std::size_t i = random() % 7; i > 0; --i) subject += "abB\n-\xC3\xA9"[random() % 7];
        INFO(pattern << " on " << subject);
        REQUIRE(run(*form, subject) == !dfa.sets[run(dfa, subject)].empty());
        settled += run(*form, subject);
      }
    }
  }
  CHECK(settled > 2000);
}

TEST_CASE("what would be too dear for a byte has no bit form") {
  CHECK_FALSE(bits("(?:.?.?.?){150}x", Anchor::both));
  CHECK(bits("(?:.?.?.?){15}x", Anchor::both));
  CHECK(bits(".*.{0,1000}x", Anchor::both));
}

TEST_CASE("a short pattern has a bit form whatever is in it") {
  for (const char* pattern : {"(?:a?b?c?){28}", "(?:a|b|c|ab|bc|ca){8}$", "(((a*)*b*)*c*)*$"}) {
    INFO(pattern);
    CHECK(check_alone(*parse(pattern), Anchor::both));
    CHECK(bits(pattern, Anchor::both));
    CHECK(bits(pattern, Anchor::start));
  }
}

TEST_CASE("past the unit's budget patterns get bit forms, and the budget is the same for all") {
  std::vector<std::string> patterns;
  for (int i = 0; i < 40; ++i) patterns.push_back(".*a.{7}" + std::to_string(i));
  UnitBudget plenty;
  CHECK(count_bits(groups_of(patterns, plenty)) == 0);
  CHECK(plenty.work < limits().work_per_unit);

  UnitBudget little{.work = 0, .states = 0};
  const auto groups = groups_of(patterns, little);
  CHECK(count_bits(groups) > 30);
  UnitBudget again{.work = 0, .states = 0};
  const auto same = groups_of(patterns, again);
  REQUIRE(same.size() == groups.size());
  for (std::size_t i = 0; i < groups.size(); ++i) CHECK(same[i].dfa == groups[i].dfa);
}
