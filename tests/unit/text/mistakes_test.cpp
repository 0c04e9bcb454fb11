// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/support/expect_diagnostic.h"
#include "tests/support/read_units.h"

using namespace smic;
using test::expect_diagnostics;
using test::Reading;

namespace {

// A sound unit but for `statements`.
Reading read_with(std::string statements) {
  return Reading("unit a/b:1 http enforce\n source s0 = { a/x }\n match m0 = any\n" + statements +
                 "\n route last -> a/b:1\n");
}

}  // namespace

TEST_CASE("a syntax mistake says what could have stood there", "[text]") {
  const auto check = [](std::string statements, std::string_view at, std::string_view message) {
    const Reading reading = read_with(std::move(statements));
    expect_diagnostics(reading.diagnostics)
        .only({"E52"})
        .has("E52")
        .times(1)
        .at_text(at)
        .message(message);
    REQUIRE(reading.units.empty());
  };
  check("match m1 path", "path", "expected `=`, found `path`");
  check("source s1 = { a/x a/y }", "a/y", "expected `,` or `}`, found `a/y`");
  check("route r0 when m0 m1 -> a/b:1", "m1", "expected `->` or `or`, found `m1`");
  check("match m1 = path ~ /api", "/", "expected a string in quotes, found `/`");
  check("match m1 = path ~ \"abc", "\"abc", "found a string without its closing quote");
  check("allow to a/b:x from s0", "x", "expected a number, found `x`");
  check("[[[", "[",
        "expected `unit`, `policy`, `source`, `match`, `route`, `allow` or `@`, found `[`");
}

TEST_CASE("the end of the file can be a mistake too", "[text]") {
  const Reading reading("unit a/b:1 http");
  expect_diagnostics(reading.diagnostics).has("E52").message("found the end of the file");
}

TEST_CASE("every statement with a mistake is told", "[text]") {
  const Reading reading = read_with("match 1 = any\nallow from to\nroute r0 unavailable");
  expect_diagnostics(reading.diagnostics).has("E52").times(3);
}

TEST_CASE("an unknown escape shows how a backslash is written", "[text]") {
  const Reading reading = read_with(R"(match m1 = path ~ "/a\d+")");
  expect_diagnostics(reading.diagnostics).has("E52").at_text("\\d").help("`\\\\`");
  expect_diagnostics(read_with(R"(match m1 = path ~ "\xg0")").diagnostics)
      .has("E52")
      .at_text("\\x");
  expect_diagnostics(read_with(R"(match m1 = path ~ "\x0")").diagnostics).has("E52").at_text("\\x");
}

TEST_CASE("a policy's value that makes no sense is told where it stands", "[text]") {
  const auto expect = [](std::string statement) {
    return expect_diagnostics(read_with(std::move(statement)).diagnostics).has("E53");
  };
  expect("policy upstream-scheme gopher").at_text("gopher").help("`https`");
  expect("policy request-timeout 48h").at_text("48h").message("1ms to 24h");
  expect("policy retry-attempts 0").message("1 to 10");
  expect("policy rate-limit 0 with-burst 1 per-source").message("1 to 1000000");
  expect("policy split-shares loose").at_text("loose").message("no way to share");
  expect("policy circuit-breaker \"NetworkErrorRatio() > x\"").at_text("x").message("a number");
  expect("policy retry-attempts 2\npolicy retry-attempts 2")
      .at_text("retry-attempts")
      .message("set twice");
  expect_diagnostics(read_with("policy retries 2").diagnostics)
      .has("E52")
      .at_text("retries")
      .message("`retry-attempts`");
}

TEST_CASE("names must be declared above, once", "[text]") {
  expect_diagnostics(read_with("route r0 when m1 -> a/b:1").diagnostics)
      .has("E53")
      .at_text("m1")
      .message("no match `m1` is declared above");
  expect_diagnostics(read_with("match readers = any\nroute r0 when reader -> a/b:1").diagnostics)
      .has("E53")
      .at_text("reader")
      .help("did you mean `readers`?");
  expect_diagnostics(read_with("allow to a/b from m0").diagnostics)
      .has("E53")
      .at_text("m0")
      .message("no source `m0`");
  expect_diagnostics(read_with("match m0 = any").diagnostics)
      .has("E53")
      .at_text("m0")
      .message("declared twice");
}

TEST_CASE("numbers must fit", "[text]") {
  expect_diagnostics(read_with("allow to a/b:0 from s0").diagnostics)
      .has("E53")
      .at_text("0")
      .message("port `0` is not 1 to 65535");
  expect_diagnostics(read_with("allow to a/b:65536 from s0").diagnostics)
      .has("E53")
      .at_text("65536");
  expect_diagnostics(read_with("route r0 when m0 -> split { a/b:1 = 4294967296 }").diagnostics)
      .has("E53")
      .at_text("4294967296")
      .message("is more than 4294967295");
}

TEST_CASE("methods are exact", "[text]") {
  expect_diagnostics(read_with("match m1 = method in { GTE }").diagnostics)
      .has("E53")
      .at_text("GTE")
      .message("`GTE` is not a method")
      .help("GET");
}

TEST_CASE("a match has one test of method and path", "[text]") {
  expect_diagnostics(read_with("match m1 = path ~ \"a\" and path ~ \"b\"").diagnostics)
      .has("E53")
      .at_text("path");
  expect_diagnostics(read_with("match m1 = method in {} and method in {}").diagnostics)
      .has("E53")
      .at_text("method");
}

TEST_CASE("what verify refuses is told at the unit", "[text]") {
  expect_diagnostics(read_with("route early -> a/b:1").diagnostics)
      .has("E53")
      .at_text("a/b")
      .message("route r0 has no condition but is not the last");
}

TEST_CASE("a unit with a mistake is left out and the others are read", "[text]") {
  const Reading reading(R"(
    unit a/b:1 http enforce
      route r0 -> a/b:0
    unit a/c:1 http enforce
      route r0 -> a/c:1
    unit a/c:1 http enforce
      route r0 -> a/c:1
    unit a/c:1 udp enforce
      route r0 -> a/c:1
    unit a/d:1 http enforce)");
  REQUIRE(reading.units.size() == 2);
  REQUIRE(reading.units[0].service.name == "c");
  REQUIRE(reading.units[1].service.name == "c");
  expect_diagnostics(reading.diagnostics).only({"E53"}).has("E53").times(3);
}

TEST_CASE("a statement needs a unit", "[text]") {
  const Reading reading("match m0 = any\nunit a/b:1 http enforce route r0 -> a/b:1");
  expect_diagnostics(reading.diagnostics).has("E53").at_text("m0").message("belongs to no unit");
  REQUIRE(reading.units.size() == 1);
}

TEST_CASE("a mistake in a unit's head is that unit's own", "[text]") {
  const Reading reading(
      "unit a/b:1 http enforce\n route r0 -> a/b:1\n"
      "unit a/c:0 http enforce\n route r0 -> a/c:1\n"
      "unit a/d:1 https enforce\n route r0 -> a/d:1\n");
  REQUIRE(reading.units.size() == 1);
  REQUIRE(reading.units[0].routes.size() == 1);
  expect_diagnostics(reading.diagnostics).has("E53").times(1).at_text("0");
  expect_diagnostics(reading.diagnostics).has("E52").times(1).at_text("https");
}
