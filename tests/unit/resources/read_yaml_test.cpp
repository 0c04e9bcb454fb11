// SPDX-License-Identifier: Apache-2.0
// YAML to the located tree. The tree is written out as one line, `kind@line:column+length`, so that
// shape and places are checked together.
#include <catch2/catch.hpp>

#include "tests/support/expect_diagnostic.h"
#include "tests/unit/resources/decoded.h"
#include "tests/unit/resources/outline.h"

using namespace smic;
using test::expect_diagnostics;
using test::outline_of_yaml;

TEST_CASE("mappings, sequences and scalars, each with its place") {
  CHECK(outline_of_yaml("a: x\nb:\n  - y\n  - z\n") ==
        "{a@1:1+1: x@1:4+1, b@2:1+1: [y@3:5+1, z@4:5+1]}");
  CHECK(outline_of_yaml("a:\n- {b: 1, c: [2, 3]}\n") ==
        "{a@1:1+1: [{b@2:4+1: 1@2:7+1, c@2:10+1: [2@2:14+1, 3@2:17+1]}]}");
  CHECK(outline_of_yaml("- - a\n  - b\n- c: d\n  e: f\n") ==
        "[[a@1:5+1, b@2:5+1], {c@3:3+1: d@3:6+1, e@4:3+1: f@4:6+1}]");
}

TEST_CASE("quoted texts are pointed at inside of their quotes, empty ones with them") {
  CHECK(outline_of_yaml("a: \"x y\"\nb: 'it''s'\nc: ''\n") ==
        "{a@1:1+1: \"x y\"@1:5+3, b@2:1+1: \"it's\"@2:5+5, c@3:1+1: \"\"@3:4+2}");
  CHECK(outline_of_yaml(R"(a: "\t\u00fc\\")") == "{a@1:1+1: \"\t\u00fc\\\"@1:5+10}");
  CHECK(outline_of_yaml("\"a b\": 1\n") == "{\"a b\"@1:2+3: 1@1:8+1}");
}

TEST_CASE("values that are not there are null, pointed at by their key") {
  CHECK(outline_of_yaml("a:\nb: ~\nc: null\n") ==
        "{a@1:1+1: null@1:1+1, b@2:1+1: null@2:4+1, c@3:1+1: null@3:4+4}");
  CHECK(outline_of_yaml("a: {b: , c}\n") ==
        "{a@1:1+1: {b@1:5+1: null@1:5+1, c@1:10+1: null@1:10+1}}");
}

TEST_CASE("texts over several lines") {
  CHECK(outline_of_yaml("a: one\n  two\nb: \"x\n  y\"\n") ==
        "{a@1:1+1: one two@1:4+3, b@3:1+1: \"x y\"@3:5+1}");
  CHECK(outline_of_yaml("a: |\n  one\n  two\nb: >-\n  three\n  four\n") ==
        "{a@1:1+1: \"one\ntwo\n\"@1:4+1, b@4:1+1: \"three four\"@4:4+1}");
  CHECK(outline_of_yaml("a: |2+\n   x\n\nb: y\n") ==
        "{a@1:1+1: \" x\n\n\"@1:4+1, b@4:1+1: y@4:4+1}");
}

TEST_CASE("text in a block is text, whatever it looks like") {
  expect_diagnostics("apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: |-\n    123\n")
      .none();
}

TEST_CASE("aliases stand for their anchors, merge keys for missing ones") {
  CHECK(outline_of_yaml("a: &x {p: 1}\nb: *x\n") ==
        "{a@1:1+1: {p@1:8+1: 1@1:11+1}, b@2:1+1: {p@1:8+1: 1@1:11+1}}");
  CHECK(outline_of_yaml("a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}\n") ==
        "{a@1:1+1: {p@1:8+1: 1@1:11+1, q@1:14+1: 2@1:17+1}, "
        "b@2:1+1: {q@2:13+1: 3@2:16+1, p@1:8+1: 1@1:11+1}}");
  CHECK(outline_of_yaml("a: &x text\nb: *x\n") == "{a@1:1+1: text@1:7+4, b@2:1+1: text@1:7+4}");
}

TEST_CASE("a tag makes a text of a number") {
  CHECK(outline_of_yaml("a: !!str 5\n") == "{a@1:1+1: \"5\"@1:10+1}");
  CHECK(outline_of_yaml("a: !<tag:yaml.org,2002:str> 5\n") == "{a@1:1+1: \"5\"@1:29+1}");
}

TEST_CASE("CRLF, comments and UTF-8 do not move anything") {
  CHECK(outline_of_yaml("a: x # one\r\n# two\r\nb: 'y'\r\n") ==
        "{a@1:1+1: x@1:4+1, b@3:1+1: \"y\"@3:5+1}");
  CHECK(outline_of_yaml("\u00fc: \u00e9\nb: x\n") ==
        "{\u00fc@1:1+2: \u00e9@1:5+2, b@2:1+1: x@2:4+1}");
  CHECK(outline_of_yaml("\xEF\xBB\xBF"
                        "a: x\n") == "{a@1:1+1: x@1:4+1}");
}

TEST_CASE("plain texts may hold what only looks like syntax") {
  CHECK(outline_of_yaml("a: http://x/y#z\nb: x:y\nc: a-b\nd: /x[0-9]+\n") ==
        "{a@1:1+1: http://x/y#z@1:4+12, b@2:1+1: x:y@2:4+3, c@3:1+1: a-b@3:4+3, "
        "d@4:1+1: /x[0-9]+@4:4+8}");
}

TEST_CASE("E50: what cannot be read is told with its place") {
  expect_diagnostics("a: [1, 2\n").has("E50");
  expect_diagnostics("a: \"x\n").has("E50");
  expect_diagnostics("a: 'x\n").has("E50");
  expect_diagnostics("a: b: c\n").has("E50").at(1, 5);
  expect_diagnostics("a: *nowhere\n").has("E50");
  expect_diagnostics("a: &x [*x]\n").has("E50");
  expect_diagnostics("? [a]\n: b\n").has("E50").message("a key must be plain text");
  expect_diagnostics("a: b\n]\n").has("E50");
  expect_diagnostics("a: \"\\q\"\n").has("E50").at_text("\\q");
  expect_diagnostics("%FOO: x\n").has("E50");
}

TEST_CASE("E50: an unterminated text is pointed at where it begins") {
  expect_diagnostics("a: b\nc: \"x\nd: e\n").has("E50").at(2, 4).message("no closing quote");
  expect_diagnostics("a: b\nc: 'it''s\n").has("E50").at(2, 4).message("no closing quote");
  expect_diagnostics("a:\n- [b,\n").has("E50").at(2, 3).message("`]` is missing");
}

TEST_CASE(
    "what is more than plain YAML: explicit keys, pairs in lists, lists as far left as keys") {
  CHECK(outline_of_yaml("? a\n: b\n? c\n", false) == "{a: b, c: null}");
  CHECK(outline_of_yaml("[a: b, 'c': d, ? e : f]", false) == "[{a: b}, {\"c\": d}, {e: f}]");
  CHECK(outline_of_yaml("a:\n- b\n-\n  - c\nd:\n", false) == "{a: [b, [c]], d: null}");
  CHECK(outline_of_yaml("&x\n&k a: *k\n", false) == "{a: a}");
}

TEST_CASE("E50: tabs as indentation and unrendered templates get a help") {
  expect_diagnostics("a:\n\tb: c\n").has("E50").help("spaces, not tabs");
  expect_diagnostics("a: {{ .Values.x }}\nb: [\n").has("E50").help("helm template");
}

TEST_CASE("E50: bytes that are no text") {
  expect_diagnostics(std::string_view("a: x\nb: \0y\n", 11)).has("E50").at(2, 4).message("0x00");
  expect_diagnostics("a: \x04\nb: y\n").has("E50").at(1, 4);
  expect_diagnostics("a: \xff\xfe\n").has("E50").at(1, 4).message("not UTF-8");
  expect_diagnostics(
      "\xff\xfe"
      "a")
      .has("E50")
      .help("UTF-16");
  expect_diagnostics("a: \xc3").has("E50").at(1, 4);
}
