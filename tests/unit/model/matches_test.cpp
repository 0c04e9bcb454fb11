// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/unit/model/resolved.h"

using namespace smic;
using namespace smic::test;

TEST_CASE("every usable match of every group gets an id and knows its line") {
  const Resolved mesh(group("shop/api",
                            "{name: a, pathRegex: /a/, methods: [GET, HEAD]},\n"
                            " {name: b, headers: {User-Agent: x.*}}"));
  REQUIRE(mesh.mesh.matches.size() == 2);
  const ir::Match& a = mesh.mesh.matches[0];
  CHECK(a.methods == (ir::method_bit(ir::Method::kGet) | ir::method_bit(ir::Method::kHead)));
  CHECK(a.path == "/a/");
  CHECK(a.origin == ir::Origin{"HTTPRouteGroup shop/api", "mesh.yaml", 2});
  const ir::Match& b = mesh.mesh.matches[1];
  CHECK(b.methods == ir::kAnyMethod);
  CHECK(b.path == std::nullopt);
  CHECK(b.headers == std::vector<ir::HeaderTest>{{"user-agent", "x.*"}});
  CHECK(b.origin.line == 3);
}

TEST_CASE("an empty path and a star among the methods are no conditions") {
  const Resolved mesh(group("shop/api", "{name: a, pathRegex: '', methods: [GET, '*']}"));
  REQUIRE(mesh.mesh.matches.size() == 1);
  CHECK(mesh.mesh.matches[0].path == std::nullopt);
  CHECK(mesh.mesh.matches[0].methods == ir::kAnyMethod);
}

TEST_CASE("a method that SMI does not know is told apart by its text, whole and as it is written") {
  const std::string yaml =
      group("shop/api",
            "{name: a, methods: [GET, PURGE], headers: {x: y}},\n"
            " {name: b, methods: ['M.S|X']}, {name: c, methods: [PURGE, '*']}");
  Sources sources;
  sources.add("mesh.yaml", yaml);
  Diagnostics diagnostics(sources);
  const std::vector<std::string> extensions{"PURGE", "M.S|X"};
  const auto mesh =
      model::resolve(resources::decode(sources, diagnostics, extensions), {}, diagnostics);
  CHECK(diagnostics.empty());
  REQUIRE(mesh.matches.size() == 3);
  const auto other = ir::method_bit(ir::Method::kOther);
  CHECK(mesh.matches[0].methods == (ir::method_bit(ir::Method::kGet) | other));
  CHECK(mesh.matches[0].headers ==
        std::vector<ir::HeaderTest>{{":method", "GET|PURGE"}, {"x", "y"}});
  CHECK(mesh.matches[1].methods == other);
  CHECK(mesh.matches[1].headers == std::vector<ir::HeaderTest>{{":method", "M\\.S\\|X"}});
  CHECK(mesh.matches[2].methods == ir::kAnyMethod);
  CHECK(mesh.matches[2].headers.empty());
}

TEST_CASE("a bad regular expression is told at its place, and its match is left out") {
  const Resolved mesh(group("shop/api",
                            "{name: a, pathRegex: '/(a'}, {name: b, headers: {x: 'a**'}}, "
                            "{name: c, pathRegex: /c/}"));
  REQUIRE(mesh.mesh.matches.size() == 1);
  CHECK(mesh.mesh.matches[0].path == "/c/");
  mesh.expect().has("E03").times(2);
}

TEST_CASE("each mistake of a match is told, not only the first") {
  const Resolved mesh(group("shop/api", "{name: a, pathRegex: '/(a', headers: {x: '[', y: '('}}"));
  CHECK(mesh.mesh.matches.empty());
  mesh.expect().has("E03").times(3);
}

TEST_CASE("a path pattern that cannot match any path is told") {
  const Resolved mesh(group("shop/api", "{name: a, pathRegex: metrics}"));
  mesh.expect().has("W17").at_text("metrics").help("`/metrics`");
  CHECK(mesh.mesh.matches.size() == 1);
}

TEST_CASE("path patterns that may match a path are believed") {
  const Resolved mesh(group("shop/api",
                            "{name: a, pathRegex: /a}, {name: b, pathRegex: .*}, "
                            "{name: c, pathRegex: '(/c)'}, {name: d, pathRegex: '[/]d'}, "
                            "{name: e, pathRegex: '^/e'}, {name: f, pathRegex: 'x?/f'}, "
                            "{name: g, pathRegex: 'x|/g'}, {name: h, pathRegex: '\\/h'}"));
  mesh.expect().none();
}

TEST_CASE("the option to search makes a header's pattern match any part of the value") {
  model::Options options;
  options.header_match = model::HeaderMatch::search;
  const Resolved mesh(group("shop/api", "{name: a, headers: {x: 'a|b'}}"), options);
  CHECK(mesh.mesh.matches.at(0).headers.at(0).regex == "\\C*(?:a|b)\\C*");
  mesh.expect().none();
}

TEST_CASE("searching does not make a bad pattern good, and points at the same place") {
  model::Options options;
  options.header_match = model::HeaderMatch::search;
  const Resolved mesh(group("shop/api", "{name: a, headers: {x: 'a)(b'}}"), options);
  CHECK(mesh.mesh.matches.empty());
  mesh.expect().has("E03").at_text(")");
}
