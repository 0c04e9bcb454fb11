// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "compiler/ir/ir.h"

using namespace smic::ir;

namespace {

// Patterns here are plain words, so the judge need not know regular expressions: a path pattern
// is a prefix, a header pattern the whole value.
class WordJudge : public RegexJudge {
 public:
  bool matches(const std::string& regex, std::string_view subject, bool whole) override {
    return whole ? subject == regex : subject.starts_with(regex);
  }
};

Evaluation ask(const Unit& unit, const Request& request) {
  WordJudge judge;
  return evaluate(unit, request, judge);
}

Unit unit_with(Match match) {
  return {.service = {"shop", "web"},
          .port = 80,
          .sources = {{{{"shop", "caller"}}}, {}},
          .matches = {std::move(match)},
          .routes = {{.when = AnyOf{{MatchId(0)}}, .action = Unavailable{}},
                     {.action = Forward{{{{"shop", "web"}, 80, 1}}}}}};
}

bool holds(Match match, const Request& request) {
  return ask(unit_with(std::move(match)), request).route == 0;
}

}  // namespace

TEST_CASE("a match without parts holds for every request", "[ir]") {
  REQUIRE(holds({}, {}));
  REQUIRE(holds({}, {.method = Method::kOther, .path = ""}));
}

TEST_CASE("a match asks for its method", "[ir]") {
  const Match get{.methods = method_bit(Method::kGet)};
  REQUIRE(holds(get, {.method = Method::kGet}));
  REQUIRE_FALSE(holds(get, {.method = Method::kHead}));
  REQUIRE_FALSE(holds(get, {.method = Method::kOther}));
}

TEST_CASE("a path pattern is anchored at the start only", "[ir]") {
  REQUIRE(holds({.path = "/metrics"}, {.path = "/metricsABC"}));
  REQUIRE_FALSE(holds({.path = "/metrics"}, {.path = "/x/metrics"}));
}

TEST_CASE("a header test wants one line that matches as a whole", "[ir]") {
  const Match match{.headers = {{"x-a", "1"}}};
  REQUIRE(holds(match, {.headers = {{"x-a", "1"}}}));
  REQUIRE(holds(match, {.headers = {{"x-a", "0"}, {"x-a", "1"}}}));
  REQUIRE_FALSE(holds(match, {.headers = {{"x-a", "11"}}}));
  REQUIRE_FALSE(holds(match, {.headers = {{"x-b", "1"}}}));
}

TEST_CASE("an absent header satisfies not even the empty pattern", "[ir]") {
  REQUIRE(holds({.headers = {{"x-a", ""}}}, {.headers = {{"x-a", ""}}}));
  REQUIRE_FALSE(holds({.headers = {{"x-a", ""}}}, {}));
}

TEST_CASE("all parts of a match must hold", "[ir]") {
  const Match match{
      .methods = method_bit(Method::kGet), .path = "/a", .headers = {{"x", "1"}, {"y", "2"}}};
  REQUIRE(holds(match, {.path = "/a", .headers = {{"x", "1"}, {"y", "2"}}}));
  REQUIRE_FALSE(holds(match, {.path = "/a", .headers = {{"x", "1"}}}));
  REQUIRE_FALSE(holds(match, {.path = "/b", .headers = {{"x", "1"}, {"y", "2"}}}));
}

TEST_CASE("the first route whose condition holds wins", "[ir]") {
  Unit unit = unit_with({.path = "/a"});
  unit.matches.push_back({.path = "/b"});
  unit.routes.insert(unit.routes.begin(), {.when = Never{}, .action = Unavailable{}});
  unit.routes.insert(unit.routes.begin() + 2,
                     {.when = AnyOf{{MatchId(0), MatchId(1)}}, .action = Unavailable{}});
  REQUIRE(ask(unit, {.path = "/a"}).route == 1);
  REQUIRE(ask(unit, {.path = "/b"}).route == 2);
  REQUIRE(ask(unit, {.path = "/c"}).route == 3);
}

TEST_CASE("allows are a union, each for its sources and condition", "[ir]") {
  Unit unit = unit_with({.path = "/a"});
  const DestinationRef to{{"shop", "web"}, {}};
  unit.allows = {{.to = to, .from = SourceSetId(0)},
                 {.to = to, .from = SourceSetId(1)},
                 {.to = to, .from = SourceSetId(0), .when = AnyOf{{MatchId(0)}}}};
  const Identity caller{"shop", "caller"};
  REQUIRE(ask(unit, {.path = "/a", .source = caller}).allows == std::set<std::size_t>{0, 2});
  REQUIRE(ask(unit, {.path = "/b", .source = caller}).allows == std::set<std::size_t>{0});
  REQUIRE(ask(unit, {.path = "/a", .source = Identity{"shop", "other"}}).allows.empty());
  REQUIRE(ask(unit, {.path = "/a"}).allows.empty());
}

TEST_CASE("any source holds callers without identity too", "[ir]") {
  Unit unit = unit_with({});
  unit.access = AccessMode::permissive;
  unit.allows = {{.to = AnyDestination{}, .from = AnySource{}}};
  REQUIRE(ask(unit, {}).allows == std::set<std::size_t>{0});
}

TEST_CASE("method names are exact tokens", "[ir]") {
  REQUIRE(method_from_name("PATCH") == Method::kPatch);
  REQUIRE(method_name(Method::kTrace) == "TRACE");
  REQUIRE_FALSE(method_from_name("get"));
  REQUIRE_FALSE(method_from_name(""));
}
