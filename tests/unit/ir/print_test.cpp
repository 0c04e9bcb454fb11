// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "compiler/ir/ir.h"

using namespace smic::ir;

namespace {

Unit reviews() {
  Unit unit{.service = {"shop", "reviews"}, .port = 9080};
  unit.sources = {{{{"shop", "web"}, {"shop", "admin"}}}, {}};
  unit.matches = {{.methods = method_bit(Method::kHead) | method_bit(Method::kGet),
                   .path = "/reviews/[0-9]+",
                   .origin = {"HTTPRouteGroup shop/api", "api.yaml", 7}},
                  {.headers = {{"user-agent", ".*Firefox.*"}},
                   .origin = {"HTTPRouteGroup shop/api", "api.yaml", 9}},
                  {.origin = {"HTTPRouteGroup shop/api", "api.yaml", 12}}};
  unit.routes = {{.when = AnyOf{{MatchId(1), MatchId(0)}},
                  .action = Forward{{{{"shop", "v1"}, 9080, 9}, {{"shop", "v2"}, 9080, 1}}},
                  .origin = {"TrafficSplit shop/canary", "split.yaml", 3}},
                 {.when = AnyOf{}, .action = Unavailable{}},
                 {.when = Never{}, .action = Unavailable{{{{"shop", "v1"}, 80, 0}}}},
                 {.action = Forward{{{{"shop", "reviews"}, 9080, 1}}},
                  .origin = {"Service shop/reviews", "shop.yaml", 1}}};
  unit.allows = {{.to = DestinationRef{{"shop", "reviews"}, 8080},
                  .from = SourceSetId(0),
                  .when = AnyOf{{MatchId(0)}},
                  .origin = {"TrafficTarget shop/t", "access.yaml", 5}},
                 {.to = DestinationRef{{"shop", "reviews"}, {}}, .from = SourceSetId(1)}};
  return unit;
}

// What a pattern looks like in text.
std::string printed_path(std::string path) {
  Unit unit = reviews();
  unit.matches = {{.methods = 0, .path = std::move(path)}};
  const std::string text = print(unit);
  const std::size_t begin = text.find("path ~ ") + 7;
  return text.substr(begin, text.find(" @", begin) - begin);
}

}  // namespace

TEST_CASE("a unit prints a statement a line, in a fixed order", "[ir]") {
  REQUIRE(print(reviews()) ==
          R"(unit shop/reviews:9080 http enforce
  source s0 = { shop/admin, shop/web }
  source s1 = {}
  match m0 = method in { GET, HEAD } and path ~ "/reviews/[0-9]+" @ "HTTPRouteGroup shop/api" "api.yaml":7
  match m1 = header "user-agent" ~ ".*Firefox.*" @ "HTTPRouteGroup shop/api" "api.yaml":9
  match m2 = any @ "HTTPRouteGroup shop/api" "api.yaml":12
  route r0 when m1 or m0 -> split { shop/v1:9080 = 9, shop/v2:9080 = 1 } @ "TrafficSplit shop/canary" "split.yaml":3
  route r1 when {} -> unavailable @ "" "":0
  route r2 when never -> unavailable { shop/v1:80 = 0 } @ "" "":0
  route r3 -> shop/reviews:9080 @ "Service shop/reviews" "shop.yaml":1
  allow to shop/reviews:8080 from s0 when m0 @ "TrafficTarget shop/t" "access.yaml":5
  allow to shop/reviews from s1 @ "" "":0
)");
}

TEST_CASE("a permissive unit prints its openness", "[ir]") {
  const Unit unit{.service = {"shop", "db"},
                  .port = 5432,
                  .protocol = Protocol::tcp,
                  .access = AccessMode::permissive,
                  .routes = {{.action = Forward{{{{"shop", "db"}, 5432, 1}}}}},
                  .allows = {{.to = AnyDestination{}, .from = AnySource{}}}};
  REQUIRE(print(unit) == R"(unit shop/db:5432 tcp permissive
  route r0 -> shop/db:5432 @ "" "":0
  allow to any from any @ "" "":0
)");
}

TEST_CASE("units print with a blank line between them", "[ir]") {
  const std::string one = print(reviews());
  REQUIRE(print(std::vector{reviews(), reviews()}) == one + "\n" + one);
  REQUIRE(print(std::vector<Unit>{}).empty());
}

TEST_CASE("a split of one backend shows a weight that is not 1", "[ir]") {
  Unit unit = reviews();
  unit.routes.back().action = Forward{{{{"shop", "reviews"}, 9080, 5}}};
  REQUIRE(print(unit).contains("-> split { shop/reviews:9080 = 5 } @"));
}

TEST_CASE("strings escape what could end them or not be read", "[ir]") {
  REQUIRE(printed_path("a\"b\\d") == R"("a\"b\\d")");
  REQUIRE(printed_path(std::string("\0\n\x1f\x7f", 4)) == R"("\x00\x0a\x1f\x7f")");
  REQUIRE(printed_path("/grün/€/😀") == R"("/grün/€/😀")");
  REQUIRE(printed_path("\xff\xc0\xaf\xe2\x82") == R"("\xff\xc0\xaf\xe2\x82")");
  REQUIRE(printed_path("\xed\xa0\x80\xf4\x90\x80\x80") == R"("\xed\xa0\x80\xf4\x90\x80\x80")");
}

TEST_CASE("names that are no plain words are quoted", "[ir]") {
  Unit unit = reviews();
  unit.service = {"-x", "y z"};
  REQUIRE(print(unit).starts_with("unit \"-x\"/\"y z\":9080 http"));
}
