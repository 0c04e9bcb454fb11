// SPDX-License-Identifier: Apache-2.0
// The graph as people read it (--emit=graph).
#include <catch2/catch.hpp>

#include "compiler/decision/decision.h"
#include "tests/support/read_units.h"

using namespace smic;

namespace {

std::string graph_of(std::string_view unit) {
  return decision::describe(test::read_unit(unit)).text;
}

}  // namespace

TEST_CASE("a graph tells routes, access, headers and what each path means", "[decision]") {
  const std::string text = graph_of(R"(unit shop/reviews:9080 http enforce
    source s0 = { shop/admin, shop/web }
    match m0 = method in { GET, HEAD } and path ~ "/reviews/[0-9]+"
    match m1 = path ~ "/reviews" and header "user-agent" ~ ".*Firefox.*"
    route r0 when m1 -> split { shop/v1:9080 = 9, shop/v2:9080 = 1 }
    route r1 -> shop/reviews:9080
    allow to shop/reviews from s0 when m0)");
  CAPTURE(text);
  const auto tells = [&](std::string_view line) { return text.find(line) != std::string::npos; };
  CHECK(text.starts_with("decision shop/reviews:9080\n"));
  CHECK(tells("  2 routes\n    r0: weights { 9, 1 }\n    r1: weights { 1 }\n"));
  CHECK(tells("1 source class, 1 destination\n"));
  CHECK(tells("class 1: shop/admin\n    class 1: shop/web\n"));
  CHECK(tells("allow classes { 1 }"));
  CHECK(tells("user-agent: 1 pattern"));
  CHECK(tells("\".*Firefox.*\""));
  CHECK(tells("user-agent ~ \".*Firefox.*\", any method: route r0"));
  CHECK(tells("path ~ \"/reviews\", \"/reviews/[0-9]+\"\n"));
  CHECK(tells("GET HEAD: allow row"));
}

TEST_CASE("a graph of many rules is cut, and says how much is left out", "[decision]") {
  std::string unit = "unit a/b:80 http enforce\n";
  for (int i = 0; i < 100; ++i) {
    const std::string n = std::to_string(i);
    unit += " match m" + n + " = path ~ \"/" + n + "$\"\n";
  }
  for (int i = 0; i < 100; ++i) {
    const std::string n = std::to_string(i);
    unit += " route r" + n + " when m" + n + " -> unavailable\n";
  }
  const std::string text = graph_of(unit + " route r100 -> a/b:80\n");
  CHECK(text.find("… and 61 more") != std::string::npos);  // routes: 101, 40 of them told
  CHECK(text.find("… and 60 more") != std::string::npos);  // leaf sets
  CHECK(text.size() < 20'000);
}
