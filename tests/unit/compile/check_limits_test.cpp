// SPDX-License-Identifier: Apache-2.0
#include "compiler/check_limits.h"

#include <catch2/catch.hpp>

#include "contract/image.h"
#include "tests/support/expect_diagnostic.h"

using namespace smic;
using namespace smic::test;

namespace {

ir::Unit unit() {
  ir::Unit unit{.service = {"shop", "web"}, .port = 80};
  unit.routes = {{.action = ir::Forward{{{{"shop", "web"}, 80, 1}}},
                  .origin = {"Service shop/web", "shop.yaml", 2}}};
  return unit;
}

// How many units are left of this one and a good one.
std::size_t left_of(const ir::Unit& checked, std::string_view message) {
  Sources sources;
  sources.add("shop.yaml", "a: 1\nb: 2\nc: 3\n");
  Diagnostics diagnostics(sources);
  std::vector<ir::Unit> units = {checked, unit()};
  leave_out_what_no_image_holds(units, sources, diagnostics);
  if (message.empty()) {
    CHECK(diagnostics.empty());
  } else {
    expect_diagnostics(diagnostics).has("E59").message(message).at(3, 1);
  }
  return units.size();
}

ir::Unit with_headers(std::size_t count) {
  ir::Unit out = unit();
  for (std::size_t i = 0; i < count; ++i) {
    out.matches.push_back({.headers = {{"x-" + std::to_string(i), "a"}},
                           .origin = {"HTTPRouteGroup", "shop.yaml", 3}});
  }
  return out;
}

}  // namespace

TEST_CASE("a unit with too many headers is told and left out, and the others stay") {
  CHECK(left_of(with_headers(contract::kMaxHeaderSlots), "") == 2);
  CHECK(left_of(with_headers(contract::kMaxHeaderSlots + 1),
                "unit shop/web:80 has more than 4096 different headers") == 1);
}

TEST_CASE("a unit with an overlong header name is told") {
  ir::Unit out = with_headers(1);
  out.matches[0].headers[0].name = std::string(contract::kMaxHeaderName, 'x');
  CHECK(left_of(out, "") == 2);
  out.matches[0].headers[0].name += 'x';
  CHECK(left_of(out, "unit shop/web:80 has a header name of 1025 bytes") == 1);
}

TEST_CASE("a unit with a route of too many backends is told") {
  ir::Unit out = unit();
  out.routes[0].origin.line = 3;
  std::vector<ir::BackendRef> backends(contract::kMaxRouteBackends, {{"shop", "v"}, 80, 1});
  out.routes[0].action = ir::Forward{backends};
  CHECK(left_of(out, "") == 2);
  backends.push_back(backends.front());
  out.routes[0].action = ir::Unavailable{backends};
  CHECK(left_of(out, "unit shop/web:80 has a route with 65537 backends") == 1);
}
