// SPDX-License-Identifier: Apache-2.0
#include "compiler/compile.h"

#include <catch2/catch.hpp>

#include "tests/support/expect_diagnostic.h"
#include "tests/support/manifests.h"

using namespace smic;
using namespace smic::test;

namespace {

const std::string kMesh =
    service("shop/api", "{port: 80, targetPort: 8080}") +
    service("shop/api-v2", "{port: 80, targetPort: 8080}") +
    pod("shop/api-0", "api", "10.0.0.1", "api") + pod("shop/v2-0", "v2", "10.0.0.2", "api-v2") +
    pod("shop/web-0", "web", "10.0.0.3", "web") + tcp_route("shop/every", "") +
    target("shop/t", "api", "web", "{kind: TCPRoute, name: every}") +
    group("shop/get", "{name: get, methods: [GET]}") +
    split("shop/s", "api", "{service: api-v2, weight: 0}, {service: api, weight: 3}",
          "matches: [{kind: HTTPRouteGroup, name: get}]");

CompileOptions options() {
  CompileOptions options;
  options.model.allow_self_reference = true;
  return options;
}

struct Analyzed {
  explicit Analyzed(const std::vector<std::pair<std::string, std::string>>& files)
      : diagnostics(add(files)), front(analyze(sources, options(), diagnostics)) {}

  Sources sources;
  Diagnostics diagnostics;
  Frontend front;

 private:
  const Sources& add(const std::vector<std::pair<std::string, std::string>>& files) {
    for (const auto& [name, text] : files) sources.add(name, text);
    return sources;
  }
};

constexpr const char* kUnit =
    "unit bank/vault:80 http enforce\n"
    "  match m0 = path ~ \"/a\" @ \"HTTPRouteGroup bank/g\" \"g.yaml\":1\n"
    "  route r0 -> bank/vault:80 @ \"Service bank/vault\" \"s.yaml\":1\n";

}  // namespace

TEST_CASE("manifests and .smir sources give one sorted list of units") {
  const Analyzed input({{"mesh.yaml", kMesh}, {"unit.smir", kUnit}});
  REQUIRE(input.front.units.size() == 3);
  CHECK(input.front.units[0].service == ir::ServiceRef{"bank", "vault"});
  CHECK(input.front.units[1].service == ir::ServiceRef{"shop", "api"});
  CHECK(input.front.mesh.services.size() == 2);
}

TEST_CASE("a unit that two sources define is told and taken once") {
  const Analyzed input({{"a.smir", kUnit}, {"b.smir", kUnit}});
  CHECK(input.front.units.size() == 1);
  expect_diagnostics(input.diagnostics).has("E58").message("bank/vault:80");
}

TEST_CASE("a .smir unit with a bad pattern is told and left out") {
  std::string text = kUnit;
  text.replace(text.find("/a"), 2, "/(");
  const Analyzed input({{"a.smir", text}});
  CHECK(input.front.units.empty());
  expect_diagnostics(input.diagnostics).has("E03").message("missing `)`");
}

TEST_CASE("no input is no units") {
  const Analyzed input({});
  CHECK(input.front.units.empty());
  CHECK(input.diagnostics.empty());
}

TEST_CASE("a compiled unit names its routes, weights, sources and destinations") {
  const Analyzed input({{"mesh.yaml", kMesh}});
  const auto compiled = compile_unit(input.front.units.at(0), options());
  REQUIRE(compiled);
  const contract::Unit& names = compiled->names;
  CHECK(names.service == "shop/api");
  CHECK(names.image == contract::digest_of(compiled->image));
  REQUIRE(names.routes.size() == 2);
  CHECK(names.routes[0].origin.resource == "TrafficSplit shop/s");
  REQUIRE(names.backends.size() == 2);
  CHECK(names.backends[0].service == "shop/api-v2");
  CHECK(names.routes[0].split == std::vector<contract::WeightedBackend>{{0, 0}, {1, 3}});
  CHECK(names.routes[1].split == std::vector<contract::WeightedBackend>{{1, 1}});
  REQUIRE(names.sources.size() == 1);
  CHECK(names.sources[0].identity == "shop/web");
  CHECK(names.destinations == std::vector<contract::Destination>{{"shop/api", 0}});
}

TEST_CASE("endpoints are the ready ones with an address, on their pod ports") {
  const Analyzed input({{"mesh.yaml", kMesh}});
  const auto compiled = compile_unit(input.front.units.at(0), options());
  REQUIRE(compiled);
  const contract::Unit unit = with_endpoints(compiled->names, input.front.mesh);
  CHECK(unit.backends[1].endpoints ==
        std::vector<contract::Endpoint>{{"10.0.0.1", 8080, "shop/api", "api-0"}});
}

TEST_CASE("a small unit has its tables, and code for each target that is asked for") {
  const Analyzed input({{"mesh.yaml", kMesh}});
  CompileOptions all = options();
  all.targets = {"aarch64", "x86_64-v2", "x86_64-v3"};
  const auto compiled = compile_unit(input.front.units.at(0), all);
  REQUIRE(compiled);
  const auto target = [](const contract::Bytes& image) {
    return contract::read_image(image)->target;
  };
  CHECK(target(compiled->image) == contract::kPortableTarget);
  REQUIRE(compiled->native.size() == 3);
  REQUIRE(compiled->names.native.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(target(compiled->native[i]) == all.targets[i]);
    CHECK(compiled->names.native[i].target == all.targets[i]);
    CHECK(compiled->names.native[i].digest == contract::digest_of(compiled->native[i]));
  }
  // The tables are the same with and without code.
  const auto tables = compile_unit(input.front.units.at(0), options());
  REQUIRE(tables);
  CHECK(tables->image == compiled->image);
  CHECK(tables->native.empty());
  CHECK(tables->names.native.empty());
}

TEST_CASE("the same input gives the same image") {
  const Analyzed input({{"mesh.yaml", kMesh}});
  const auto first = compile_unit(input.front.units.at(0), options());
  const auto second = compile_unit(input.front.units.at(0), options());
  REQUIRE(first);
  REQUIRE(second);
  CHECK(first->image == second->image);
  CHECK(first->names == second->names);
}

TEST_CASE("an unknown target is an error of the world, not a crash") {
  const Analyzed input({{"mesh.yaml", kMesh}});
  CompileOptions wrong = options();
  wrong.targets = {"vax"};
  CHECK_FALSE(compile_unit(input.front.units.at(0), wrong));
}

TEST_CASE("every pod with an address of its own is an identity") {
  const Analyzed input({{"mesh.yaml", kMesh}});
  const auto identities = pod_identities(input.front.mesh);
  REQUIRE(identities.size() == 3);
  CHECK(identities[0] == contract::PodIdentity{"10.0.0.1", "shop/api", "shop/api-0"});
}
