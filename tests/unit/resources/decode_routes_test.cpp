// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/support/expect_diagnostic.h"
#include "tests/unit/resources/decoded.h"

using namespace smic;
using test::decoded;
using test::expect_diagnostics;

namespace {

std::string group(const std::string& version, const std::string& body) {
  return "apiVersion: specs.smi-spec.io/" + version +
         "\nkind: HTTPRouteGroup\nmetadata:\n  name: api\n  namespace: shop\n" + body;
}

std::string hub_group(const std::string& matches) {
  return group("v1alpha4", "spec:\n  matches:\n" + matches);
}

std::string route(const std::string& kind, const std::string& version, const std::string& body) {
  return "apiVersion: specs.smi-spec.io/" + version + "\nkind: " + kind +
         "\nmetadata:\n  name: l4\n" + body;
}

}  // namespace

TEST_CASE("a route group's matches keep names, patterns, methods and headers in order") {
  const std::string yaml = hub_group(R"(  - name: reads
    pathRegex: /reviews/[0-9]+
    methods: [GET, "HEAD"]
    headers:
      X-User: ".*"
      host: shop
  - name: all
    methods: ["*"]
)");
  expect_diagnostics(yaml).none();
  const auto set = decoded(yaml);
  REQUIRE(set.http_route_groups.size() == 1);
  const auto& matches = set.http_route_groups[0].matches;
  REQUIRE(matches.size() == 2);
  CHECK(matches[0].name.value == "reads");
  CHECK(matches[0].path_regex->value == "/reviews/[0-9]+");
  REQUIRE(matches[0].methods.size() == 2);
  CHECK(matches[0].methods[1].value == "HEAD");
  REQUIRE(matches[0].headers.size() == 2);
  CHECK(matches[0].headers[0].name.value == "x-user");
  CHECK(matches[0].headers[0].regex.value == ".*");
  CHECK(matches[1].methods[0].value == "*");
  CHECK_FALSE(matches[1].path_regex.has_value());
  CHECK(matches[0].span.line == 8);
  CHECK(matches[0].span.column == 5);
}

TEST_CASE("headers may be a list of mappings with one key each, names repeated or not") {
  const std::string yaml =
      hub_group("  - name: m\n    headers:\n    - x-a: one\n    - X-A: two\n    - x-b: three\n");
  expect_diagnostics(yaml).none();
  const auto headers = decoded(yaml).http_route_groups[0].matches[0].headers;
  REQUIRE(headers.size() == 3);
  CHECK(headers[0].name.value == "x-a");
  CHECK(headers[1].name.value == "x-a");
  CHECK(headers[1].regex.value == "two");
}

TEST_CASE("E01: what a match must have, and what must be text") {
  expect_diagnostics(hub_group("  - pathRegex: /\n"))
      .has("E01")
      .at_text("pathRegex")
      .message("`spec.matches[0].name` of HTTPRouteGroup `api` is missing");
  expect_diagnostics(hub_group("  - name: 5\n")).has("E01").at_text("5").help("\"5\"");
  expect_diagnostics(hub_group("  - name: m\n    methods: GET\n"))
      .has("E01")
      .at_text("GET")
      .message("must be a list");
  expect_diagnostics(hub_group("  - name: m\n    pathRegex: [a]\n")).has("E01");
  expect_diagnostics(hub_group("  - m\n")).has("E01").at_text("m").message("must be a mapping");
  expect_diagnostics(hub_group("  - name: m\n    headers: {x-version: 2}\n"))
      .has("E01")
      .at_text("2")
      .help("put it in quotes: \"2\"");
  expect_diagnostics(hub_group("  - name: m\n    headers: {x-version: }\n")).has("E01");
  expect_diagnostics(group("v1alpha4", "")).has("E01").message("`spec` of");
  expect_diagnostics(group("v1alpha4", "spec: {}\n")).has("E01").message("`spec.matches` of");
}

TEST_CASE("E02: match names are there and differ") {
  expect_diagnostics(hub_group("  - name: ''\n")).has("E02").at_text("''");
  expect_diagnostics(hub_group("  - name: m\n  - name: other\n  - name: m\n"))
      .has("E02")
      .at(10, 11)
      .note("the first one is here");
}

TEST_CASE("E04: methods are the known ones, in capital letters") {
  expect_diagnostics(hub_group("  - name: m\n    methods: [get]\n"))
      .has("E04")
      .at_text("get")
      .help("did you mean `GET`?");
  expect_diagnostics(hub_group("  - name: m\n    methods:\n    - FETCH\n"))
      .has("E04")
      .at_text("FETCH")
      .help("`PATCH`");
}

TEST_CASE("E04: methods beyond SMI's are those of the option, as they are written") {
  const auto said = [](const std::string& method) {
    Sources sources;
    sources.add("mesh.yaml", hub_group("  - name: m\n    methods: [" + method + "]\n"));
    Diagnostics diagnostics(sources);
    const std::vector<std::string> extensions{"PURGE", "M-SEARCH"};
    const resources::Set set = resources::decode(sources, diagnostics, extensions);
    CHECK(set.http_route_groups.size() == (diagnostics.empty() ? 1 : 0));
    return diagnostics.empty() ? std::string() : diagnostics.sorted().front().help;
  };
  CHECK(said("PURGE") == "");
  CHECK(said("GET, M-SEARCH") == "");
  CHECK(said("purge") == "did you mean `PURGE`?");
  CHECK(said("LOCK").find("`M-SEARCH`") != std::string::npos);
}

TEST_CASE("E05: header names are tokens, list items have one key") {
  expect_diagnostics(hub_group("  - name: m\n    headers: {':authority': x}\n"))
      .has("E05")
      .at_text(":authority")
      .help("host");
  expect_diagnostics(hub_group("  - name: m\n    headers: {'x y': x}\n")).has("E05").at_text("x y");
  expect_diagnostics(hub_group("  - name: m\n    headers: [{a: x, b: y}]\n")).has("E05");
  expect_diagnostics(hub_group("  - name: m\n    headers: [{}]\n")).has("E05");
  expect_diagnostics(hub_group("  - name: m\n    headers: [x]\n")).has("E05");
}

TEST_CASE("an object with an error is left out and remembered as such") {
  const auto set = decoded(hub_group("  - name: m\n    methods: [get]\n"));
  CHECK(set.http_route_groups.empty());
  REQUIRE(set.left_out.size() == 1);
  CHECK(set.left_out[0] == resources::LeftOut{"HTTPRouteGroup", "shop", "api"});
}

TEST_CASE("W03: a group without matches is kept, and matches nothing") {
  const std::string yaml = group("v1alpha4", "spec:\n  matches: []\n");
  expect_diagnostics(yaml).only({"W03"}).has("W03").at_text("matches");
  CHECK(decoded(yaml).http_route_groups.size() == 1);
}

TEST_CASE("W15: unknown fields are told with what was meant, and ignored") {
  const std::string yaml = hub_group("  - name: m\n    pathregex: /\n    metods: []\n");
  expect_diagnostics(yaml).has("W15").at_text("pathregex").help("did you mean `pathRegex`?");
  expect_diagnostics(yaml).has("W15").at_text("metods").help("did you mean `methods`?");
  CHECK(decoded(yaml).http_route_groups.size() == 1);
}

TEST_CASE("before v1alpha3 matches stand on the top level, and below spec since") {
  const std::string old = group("v1alpha2", "matches:\n- name: m\n  headers: {x: y}\n");
  expect_diagnostics(old).only({"W16"}).has("W16").at_text("specs.smi-spec.io/v1alpha2");
  CHECK(decoded(old).http_route_groups[0].matches[0].headers.size() == 1);

  const std::string misplaced = group("v1alpha3", "matches:\n- name: m\n");
  expect_diagnostics(misplaced).has("W15").at_text("matches").help("below `spec`");
  expect_diagnostics(misplaced).has("E01").message("`spec` of HTTPRouteGroup `api` is missing");
}

TEST_CASE("v1alpha1 knows no headers") {
  const std::string yaml = group("v1alpha1", "matches:\n- name: m\n  headers: {x: y}\n");
  expect_diagnostics(yaml).only({"W15", "W16"}).has("W15").at_text("headers");
  CHECK(decoded(yaml).http_route_groups[0].matches[0].headers.empty());
}

TEST_CASE("TCP and UDP routes have ports and a match name") {
  const std::string body = "spec:\n  matches:\n    name: db\n    ports: [5432, 5433]\n";
  const auto set =
      decoded(route("TCPRoute", "v1alpha4", body) + "---\n" + route("UDPRoute", "v1alpha4", body));
  REQUIRE(set.tcp_routes.size() == 1);
  REQUIRE(set.udp_routes.size() == 1);
  CHECK(set.tcp_routes[0].match_name == "db");
  REQUIRE(set.tcp_routes[0].ports.size() == 2);
  CHECK(set.tcp_routes[0].ports[1].value == 5433);
  CHECK(set.tcp_routes[0].meta.ns.value == "default");
}

TEST_CASE("a route without ports is one for all ports") {
  for (const char* body :
       {"", "spec: {}\n", "spec:\n  matches: {}\n", "spec:\n  matches:\n    ports: []\n"}) {
    const std::string yaml = route("TCPRoute", "v1alpha4", body);
    expect_diagnostics(yaml).none();
    CHECK(decoded(yaml).tcp_routes.at(0).ports.empty());
  }
}

TEST_CASE("TCP routes before v1alpha4 have no ports") {
  CHECK(decoded(route("TCPRoute", "v1alpha3", "spec: {}\n")).tcp_routes.size() == 1);
  CHECK(decoded(route("TCPRoute", "v1alpha1", "")).tcp_routes.size() == 1);
  expect_diagnostics(route("TCPRoute", "v1alpha3", "spec:\n  matches:\n    ports: [80]\n"))
      .has("W15")
      .at_text("matches");
}

TEST_CASE("E06 and E01: ports are numbers from 1 to 65535") {
  const auto ports = [](const std::string& list) {
    return route("TCPRoute", "v1alpha4", "spec:\n  matches:\n    ports: " + list + "\n");
  };
  expect_diagnostics(ports("[0]")).has("E06").at_text("0");
  expect_diagnostics(ports("[65536]")).has("E06").at_text("65536");
  expect_diagnostics(ports("[-1]")).has("E06").at_text("-1");
  expect_diagnostics(ports("[99999999999999999999]")).has("E06");
  expect_diagnostics(ports("['8080']"))
      .has("E01")
      .at_text("8080")
      .help("write 8080 without quotes");
  expect_diagnostics(ports("[http]")).has("E01").at_text("http");
  expect_diagnostics(ports("[80.5]")).has("E01").at_text("80.5");
  expect_diagnostics(ports("80")).has("E01").at_text("80").message("must be a list");
  expect_diagnostics(route("TCPRoute", "v1alpha4", "spec:\n  matches:\n  - ports: [80]\n"))
      .has("E01")
      .help("ports: [8080]");
}
