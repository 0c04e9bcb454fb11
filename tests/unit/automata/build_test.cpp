// SPDX-License-Identifier: Apache-2.0
// Sets of patterns: the right ones accepted, groups within bounds, hostile sets within budgets.
#include <catch2/catch.hpp>

#include <algorithm>
#include <random>

#include "compiler/automata/automata.h"

using namespace smic::automata;

namespace {

std::vector<Regex> regexes(const std::vector<std::string>& patterns) {
  std::vector<Regex> out;
  for (const std::string& pattern : patterns) {
    const auto regex = parse(pattern);
    REQUIRE(regex.has_value());
    out.push_back(*regex);
  }
  return out;
}

std::vector<std::uint32_t> matched(const std::vector<Group>& groups, std::string_view subject) {
  std::vector<std::uint32_t> all;
  for (const Group& group : groups) {
    const auto& set = group.dfa.sets[run(group.dfa, subject)];
    all.insert(all.end(), set.begin(), set.end());
  }
  std::ranges::sort(all);
  return all;
}

std::vector<std::string> numbered(std::size_t count, const std::string& before,
                                  const std::string& after) {
  std::vector<std::string> patterns;
  for (std::size_t i = 0; i < count; ++i) patterns.push_back(before + std::to_string(i) + after);
  return patterns;
}

std::size_t states(const std::vector<Group>& groups) {
  std::size_t count = 0;
  for (const Group& group : groups) count += group.dfa.states.size();
  return count;
}

bool cover_all_once(const std::vector<Group>& groups, std::size_t count) {
  std::vector<std::uint32_t> all;
  for (const Group& group : groups) {
    if (!std::ranges::is_sorted(group.patterns)) return false;
    all.insert(all.end(), group.patterns.begin(), group.patterns.end());
  }
  std::ranges::sort(all);
  for (std::uint32_t i = 0; i < all.size(); ++i) {
    if (all[i] != i) return false;
  }
  return all.size() == count;
}

}  // namespace

TEST_CASE("a set answers with all patterns that match") {
  const auto groups = build(
      regexes({"/users/[0-9]+", "/users/[^/]+/cart", "/users/me", "^/", "/users/me$", "/users/me"}),
      Anchor::start, 64);
  REQUIRE(groups.size() == 1);
  using Set = std::vector<std::uint32_t>;
  CHECK(matched(groups, "/users/17/cart") == Set{0, 1, 3});
  CHECK(matched(groups, "/users/me") == Set{2, 3, 4, 5});
  CHECK(matched(groups, "/users/me/cart") == Set{1, 2, 3, 5});
  CHECK(matched(groups, "/x") == Set{3});
  CHECK(matched(groups, "x").empty());
}

TEST_CASE("no patterns are no groups, and a group holds at most as many as asked") {
  CHECK(build({}, Anchor::start, 64).empty());
  const auto groups = build(regexes(numbered(150, "/p", "")), Anchor::both, 64);
  CHECK(groups.size() == 3);
  CHECK(cover_all_once(groups, 150));
  CHECK(matched(groups, "/p149") == std::vector<std::uint32_t>{149});
}

TEST_CASE("a set answers as its patterns do alone") {
  const std::vector<std::string> parts = {"a",    "b", ".", "[ab]",  "a*",   "(?:ab)+", "b?",
                                          "\\bb", "$", "^", "(?m)$", "[^a]", "(?i)A",   "a|b"};
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> patterns(1 + random() % 6);
    for (std::string& pattern : patterns) {
      for (std::size_t i = random() % 4; i > 0; --i) pattern += parts[random() % parts.size()];
    }
    const auto all = regexes(patterns);
    for (const Anchor anchor : {Anchor::start, Anchor::both}) {
      const auto together = build(all, anchor, 64);
      for (int trial = 0; trial < 20; ++trial) {
        std::string subject;
        for (std::size_t i = random() % 6; i > 0; --i) subject += "abB\n-"[random() % 5];
        std::vector<std::uint32_t> alone;
        for (std::uint32_t i = 0; i < all.size(); ++i) {
          if (!matched(build({all[i]}, anchor, 1), subject).empty()) alone.push_back(i);
        }
        REQUIRE(matched(together, subject) == alone);
      }
    }
  }
}

TEST_CASE("the same patterns give the same automata") {
  const auto patterns = regexes(numbered(200, "/api/[^/]+/x", "/[a-z]+$"));
  const auto first = build(patterns, Anchor::start, 1000);
  const auto second = build(patterns, Anchor::start, 1000);
  REQUIRE(first.size() == second.size());
  for (std::size_t i = 0; i < first.size(); ++i) {
    CHECK(first[i].patterns == second[i].patterns);
    CHECK(first[i].dfa == second[i].dfa);
  }
}

TEST_CASE("ten thousand routes are one automaton about as large as their text") {
  const std::size_t count = 10000;
  const auto groups = build(regexes(numbered(count, "/api/v1/tenants/[^/]+/o", "/[0-9]+/items")),
                            Anchor::start, count);
  REQUIRE(groups.size() == 1);
  CHECK(states(groups) < 12 * count);
  CHECK(matched(groups, "/api/v1/tenants/acme/o4711/17/items") == std::vector<std::uint32_t>{4711});
}

TEST_CASE("wildcards beside literal siblings stay small") {
  std::vector<std::string> patterns = numbered(1000, "/svc/[^/]+/x", "");
  for (const std::string& literal : numbered(1000, "/svc/name", "/y")) patterns.push_back(literal);
  const auto groups = build(regexes(patterns), Anchor::start, patterns.size());
  REQUIRE(groups.size() == 1);
  CHECK(states(groups) < 4 * patterns.size());
}

TEST_CASE("a set that multiplies is cut, and the calm patterns stay together") {
  std::vector<std::string> patterns = numbered(100, "/api/v1/orders", "/[0-9]+");
  for (const std::string& wild : numbered(100, ".*x", "y")) patterns.push_back(wild);
  const auto groups = build(regexes(patterns), Anchor::start, patterns.size());
  CHECK(cover_all_once(groups, patterns.size()));
  CHECK(groups.size() > 2);
  CHECK(groups.size() <= 60);
  CHECK(groups.front().patterns.size() == 100);
  CHECK(states(groups) < 20000);
  CHECK(matched(groups, "/x7y/x99yx7y") == std::vector<std::uint32_t>{107, 199});
  CHECK(matched(groups, "/api/v1/orders5/1/x1y") == std::vector<std::uint32_t>{5, 101});
}

TEST_CASE("thousands of unanchored patterns are built within bounds") {
  const auto groups = build(regexes(numbered(2000, ".*x", ".*")), Anchor::both, 2000);
  CHECK(cover_all_once(groups, 2000));
  CHECK(states(groups) < 200000);
  CHECK(matched(groups, "ax1999") == std::vector<std::uint32_t>{1, 19, 199, 1999});
}

TEST_CASE("regex bombs are refused alone, with what to do") {
  for (const char* bomb : {"(?:a?b?c?){333}", "(?:.?.?.?){150}x", ".*(?:.?.?){300}x"}) {
    INFO(bomb);
    const auto checked = check_alone(*parse(bomb), Anchor::both);
    REQUIRE_FALSE(checked.has_value());
    CHECK(checked.error().message.starts_with("regex is too complex"));
    CHECK(checked.error().length == std::string_view(bomb).size());
    CHECK_FALSE(checked.error().help.empty());
  }
  const auto checked = check_alone(*parse("\\pL{100}"), Anchor::start);
  REQUIRE_FALSE(checked.has_value());
  CHECK(checked.error().message ==
        "regex is too complex: it has more than 20000 steps when its counts are written out");
}

TEST_CASE("what looks like a bomb and is none is taken") {
  for (const char* pattern :
       {"(.*a){50}", "(a*)*b", "(a|a)*", "(x+x+)+y", ".{1000}", "(?:a{1,10}){10}",
        "(((((a?)*)*)*)*)*", "[a-z]{1,63}(\\.[a-z]{1,63}){0,3}"}) {
    INFO(pattern);
    CHECK(check_alone(*parse(pattern), Anchor::start).has_value());
    CHECK(check_alone(*parse(pattern), Anchor::both).has_value());
  }
}
