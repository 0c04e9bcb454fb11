// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "compiler/automata/automata.h"

using namespace smic::automata;

namespace {

bool matches(std::string_view pattern, std::string_view subject, Anchor anchor) {
  const auto regex = parse(pattern);
  REQUIRE(regex.has_value());
  REQUIRE(check_alone(*regex, anchor).has_value());
  const auto groups = build({*regex}, anchor, 1);
  REQUIRE(groups.size() == 1);
  return !groups[0].dfa.sets[run(groups[0].dfa, subject)].empty();
}

}  // namespace

TEST_CASE("a path pattern matches at the start, a header pattern the whole") {
  struct Row {
    const char* pattern;
    const char* subject;
    bool start;
    bool both;
  };
  const Row rows[] = {
      {"/metrics", "/metrics", true, true},
      {"/metrics", "/metrics/x", true, false},
      {"/metrics", "/metric", false, false},
      {"/metrics", "x/metrics", false, false},
      {"/users/[0-9]+", "/users/17", true, true},
      {"/users/[0-9]+", "/users/", false, false},
      {"/a$", "/a", true, true},
      {"/a$", "/ab", false, false},
      {"", "", true, true},
      {"", "x", true, false},
      {"a|bc", "bcd", true, false},
      {"(?i)k", "\xE2\x84\xAA", true, true},
      {".", "\n", false, false},
      {"a{2,3}", "aaaa", true, false},
      {"a{2,3}", "aaa", true, true},
      {"foo\\b", "foo-", true, false},
      {"foo\\b", "foox", false, false},
  };
  for (const Row& row : rows) {
    INFO(row.pattern << " on " << row.subject);
    CHECK(matches(row.pattern, row.subject, Anchor::start) == row.start);
    CHECK(matches(row.pattern, row.subject, Anchor::both) == row.both);
  }
}
