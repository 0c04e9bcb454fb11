// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "compiler/decision/decision.h"
#include "compiler/passes/passes.h"
#include "tests/differential/run.h"
#include "tests/support/find_hash.h"
#include "tests/support/generate_unit.h"

using namespace smic;

namespace {

// Random requests are worth something only if they hit rules.
struct Hits {
  std::size_t requests = 0;
  std::size_t routes = 0;  // a conditional one, of requests to units that have some
  std::size_t with_routes = 0;
  std::size_t allows = 0;  // something was allowed, of requests to units that allow something
  std::size_t with_allows = 0;

  void count(const ir::Unit& unit, const test::Answer& answer) {
    ++requests;
    if (unit.routes.size() > 1) {
      ++with_routes;
      routes += answer.route != unit.routes.back().origin ? 1 : 0;
    }
    if (!unit.allows.empty()) {
      ++with_allows;
      allows += answer.allowed.empty() ? 0 : 1;
    }
  }
};

void compare_random(const test::UnitSize& size, std::size_t units, std::size_t requests_each,
                    std::size_t costly_every) {
  const std::uint64_t seed = test::seed();
  Hits hits;
  test::repeat(units, [&](std::size_t i) {
    INFO("SMIC_SEED=" << seed << ", unit " << i);
    test::Random random(seed + i * 0x100000001b3);
    const ir::Unit unit = test::generate_unit(random, size);
    std::vector<ir::Request> requests;
    while (requests.size() < requests_each)
      requests.push_back(test::generate_request(random, unit));
    for (const auto& answer : test::compare(unit, requests, i % costly_every == 0)) {
      hits.count(unit, answer);
    }
  });
  INFO(hits.routes << " of " << hits.with_routes << " requests took a conditional route, "
                   << hits.allows << " of " << hits.with_allows << " were allowed something");
  CHECK(hits.routes * 100 > hits.with_routes * 20);
  CHECK(hits.allows * 100 > hits.with_allows * 20);
}

}  // namespace

TEST_CASE("all engines agree on random units", "[differential]") {
  compare_random({.matches = 6, .routes = 3, .allows = 5}, 1000, 40, 25);
}

TEST_CASE("all engines agree on large random units", "[differential]") {
  compare_random({.matches = 60, .routes = 12, .allows = 40}, 60, 150, 10);
}

TEST_CASE("all engines agree on random units with hashed words", "[differential]") {
  const test::UnitSize size{.matches = 120, .routes = 16, .allows = 24, .words = true};
  compare_random(size, 40, 150, 10);
  // It is what the name says: many of these units have a hash, of those large enough most.
  std::size_t hashed = 0;
  for (std::uint64_t i = 0; i < 40; ++i) {
    test::Random random(i);
    const auto unit = passes::run(test::generate_unit(random, size), {});
    hashed += test::hash_in(decision::decide(unit).tables) != 0 ? 1 : 0;
  }
  CHECK(hashed > 10);
}
