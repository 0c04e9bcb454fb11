// SPDX-License-Identifier: Apache-2.0
// Patterns whose automata explode, by the form they get, with RE2 as the judge: subjects made of
// what the patterns are about, long enough to open many positions at once.
#include <catch2/catch.hpp>

#include <random>

#include "judge.h"

using namespace smic::automata::testing;

namespace {

const std::vector<std::string> kBombs = {
    "[ab]*a[ab]{30}",      ".*a.{30}",           "(?s).*a.{12}b.{12}", "(?:.*a){3}[^b]{25}c",
    ".*(?:ab|ba){15}",     "(?i).*k.{20}",       ".*\\ba.{18}\\b",     "(?m).*^a.{20}$",
    ".*a\\C{20}",          ".*\\d.{15}\\D.{15}", "(?:a?b?){60}c",      "(a|aa|b){30}\\z",
    ".*[^a]{14}a[^b]{14}", "(?:.*,){12}x",       ".*é.{20}ü",
};

std::string subject(std::mt19937& random) {
  static const std::vector<std::string> pieces = {
      "a", "b", "ab", "ba", "aaaaaaaa", "bbbbbbbb", "abababab", "c",    "K",    "k",  "7",   ",",
      " ", "é", "ü",  "\n", "-",        "xxxxxxxx", "\xFF",     "\x80", "\xC3", "\0", "x,x,"};
  std::string text;
  for (std::size_t i = random() % 40; i > 0; --i) text += pieces[random() % pieces.size()];
  if (random() % 8 == 0) text += '\0';
  return text;
}

}  // namespace

TEST_CASE("bombs agree with RE2") {
  std::mt19937 random(5);
  for (const std::string& bomb : kBombs) {
    std::vector<std::string> subjects = {"", std::string(1, '\0'), "\xFF"};
    for (int i = 0; i < 300; ++i) subjects.push_back(subject(random));
    const std::string found = disagreement(bomb, subjects);
    if (!found.empty()) FAIL(found);
  }
}
