// SPDX-License-Identifier: Apache-2.0
#include "compiler/unit_compiler.h"

#include <catch2/catch.hpp>
#include <map>

#include "tests/support/generate_unit.h"

using namespace smic;

namespace {

const std::vector<std::string> kTargets{"aarch64", "x86_64-v2", "x86_64-v3"};

// A service with a route of its own per `number`, written from `line` on.
ir::Unit unit(int number, std::uint32_t line = 1) {
  const std::string name = "s" + std::to_string(number);
  ir::Unit unit{.service = {"shop", name}, .port = 80};
  unit.matches = {{.path = "/" + name + "/[0-9]+", .origin = {"HTTPRouteGroup", "a.yaml", line}}};
  unit.routes = {{.when = ir::AnyOf{{ir::MatchId(0)}},
                  .action = ir::Forward{{{{"shop", "v2"}, 80, 1}}},
                  .origin = {"TrafficSplit", "a.yaml", line + 7}},
                 {.action = ir::Forward{{{{"shop", name}, 80, 1}}},
                  .origin = {"Service", "a.yaml", line + 9}}};
  return unit;
}

UnitCompiler::Outputs compile(UnitCompiler& compiler, const std::vector<ir::Unit>& units) {
  auto outputs = compiler.compile(units);
  REQUIRE(outputs);
  return *std::move(outputs);
}

class MapStore final : public CompiledStore {
 public:
  std::optional<CompiledUnit> find(const std::string& key) override {
    const auto found = kept.find(key);
    return found == kept.end() ? std::nullopt : std::optional(found->second);
  }
  void keep(const std::string& key, const CompiledUnit& unit) override { kept[key] = unit; }
  std::map<std::string, CompiledUnit> kept;
};

}  // namespace

TEST_CASE("a compiler of many units gives what compiling each gives") {
  const std::vector<ir::Unit> units = {unit(1), unit(2), unit(3)};
  const CompileOptions options{.targets = kTargets};
  UnitCompiler compiler(options);
  const auto outputs = compile(compiler, units);
  REQUIRE(outputs.units.size() == 3);
  CHECK(outputs.compiled == 3);
  for (std::size_t i = 0; i < units.size(); ++i) {
    const auto alone = compile_unit(units[i], options);
    REQUIRE(alone);
    CHECK(outputs.units[i].image->unpack() == alone->image);
    REQUIRE(outputs.units[i].native.size() == kTargets.size());
    for (std::size_t n = 0; n < kTargets.size(); ++n) {
      CHECK(outputs.units[i].native[n]->unpack() == alone->native[n]);
    }
    CHECK(outputs.units[i].names == alone->names);
  }
}

TEST_CASE("a changed unit compiles alone") {
  std::vector<ir::Unit> units = {unit(1), unit(2), unit(3)};
  UnitCompiler compiler({});
  compile(compiler, units);
  CHECK(compile(compiler, units).compiled == 0);
  std::get<ir::Forward>(units[1].routes[0].action).backends[0].weight = 2;
  CHECK(compile(compiler, units).compiled == 1);
}

TEST_CASE("units that move to other lines are not compiled, and tell the new lines") {
  UnitCompiler compiler({});
  compile(compiler, {unit(1, 10)});
  const auto moved = compile(compiler, {unit(1, 500)});
  CHECK(moved.compiled == 0);
  REQUIRE(moved.units[0].names.routes.size() == 2);
  CHECK(moved.units[0].names.routes[0].origin.line == 507);
  CHECK(moved.units[0].names.routes[1].origin == ir::Origin{"Service", "a.yaml", 509});
}

TEST_CASE("a policy is data: changing one compiles nothing, and the names tell the new one") {
  ir::Unit limited = unit(1);
  limited.policy.retry_attempts = {2, {"Service", "a.yaml", 3}};
  UnitCompiler compiler({});
  const auto first = compile(compiler, {limited});
  CHECK(first.units[0].names.policy == limited.policy);
  limited.policy.retry_attempts->value = 3;
  const auto changed = compile(compiler, {limited});
  CHECK(changed.compiled == 0);
  CHECK(changed.units[0].names.policy == limited.policy);
  CHECK(changed.units[0].image == first.units[0].image);
}

TEST_CASE("what is gone is forgotten") {
  UnitCompiler compiler({});
  compile(compiler, {unit(1), unit(2)});
  compile(compiler, {unit(1)});
  CHECK(compile(compiler, {unit(1), unit(2)}).compiled == 1);
}

TEST_CASE("any number of threads gives the same images and names") {
  std::vector<ir::Unit> units;
  test::Random random(20261123);
  for (int i = 0; i < 60; ++i) units.push_back(test::generate_unit(random, {}));
  const CompileOptions options{.targets = kTargets};
  UnitCompiler alone(options, 1);
  const auto expected = compile(alone, units);
  for (const unsigned threads : {2u, 3u, 8u}) {
    UnitCompiler together(options, threads);
    const auto outputs = compile(together, units);
    for (std::size_t i = 0; i < units.size(); ++i) {
      REQUIRE(outputs.units[i].names == expected.units[i].names);
      REQUIRE(outputs.units[i].image->unpack() == expected.units[i].image->unpack());
      REQUIRE(outputs.units[i].native.size() == expected.units[i].native.size());
      for (std::size_t n = 0; n < outputs.units[i].native.size(); ++n) {
        REQUIRE(outputs.units[i].native[n]->unpack() ==
                expected.units[i].native[n]->unpack());
      }
    }
  }
}

TEST_CASE("units of equal shape share one image of each kind") {
  std::vector<ir::Unit> units = {unit(1), unit(2)};
  units[1].matches = units[0].matches;
  UnitCompiler compiler({.targets = kTargets});
  const auto outputs = compile(compiler, units);
  CHECK(outputs.units[0].image == outputs.units[1].image);
  CHECK(outputs.units[0].native.size() == kTargets.size());
  CHECK(outputs.units[0].native == outputs.units[1].native);
  CHECK(outputs.units[0].names.service != outputs.units[1].names.service);
}

TEST_CASE("a store outlives the compiler") {
  const auto store = std::make_shared<MapStore>();
  UnitCompiler first({.targets = kTargets, .store = store}, 2);
  const auto compiled = compile(first, {unit(1, 10)});
  UnitCompiler second({.targets = kTargets, .store = store}, 2);
  const auto found = compile(second, {unit(1, 20)});
  CHECK(compiled.compiled == 1);
  CHECK(found.compiled == 0);
  CHECK(found.units[0].image->unpack() == compiled.units[0].image->unpack());
  REQUIRE(found.units[0].native.size() == kTargets.size());
  CHECK(found.units[0].native[2]->unpack() == compiled.units[0].native[2]->unpack());
  CHECK(found.units[0].names.routes[1].origin.line == 29);
}

TEST_CASE("what compiles differently has another key") {
  const auto store = std::make_shared<MapStore>();
  CompileOptions options{.store = store};
  compile(*std::make_unique<UnitCompiler>(options, 1), {unit(1)});
  options.targets = {"aarch64"};
  compile(*std::make_unique<UnitCompiler>(options, 1), {unit(1)});
  options.targets = {"aarch64", "x86_64-v3"};
  compile(*std::make_unique<UnitCompiler>(options, 1), {unit(1)});
  options.passes.disabled = {"merge-matches"};
  compile(*std::make_unique<UnitCompiler>(options, 1), {unit(1)});
  compile(*std::make_unique<UnitCompiler>(options, 1), {unit(2)});
  CHECK(store->kept.size() == 5);
}

TEST_CASE("the first unit that cannot be compiled is told by name") {
  CompileOptions options;
  options.targets = {"vax"};
  UnitCompiler compiler(options);
  const std::vector<ir::Unit> units = {unit(1), unit(2)};
  const auto outputs = compiler.compile(units);
  REQUIRE_FALSE(outputs);
  CHECK(outputs.error().message == "compile shop/s1: generate code: target `vax` is not known");
}
