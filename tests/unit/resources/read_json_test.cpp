// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/support/expect_diagnostic.h"
#include "tests/unit/resources/decoded.h"
#include "tests/unit/resources/outline.h"

using namespace smic;
using test::decoded;
using test::expect_diagnostics;
using test::expect_json_diagnostics;
using test::outline_of_json;

TEST_CASE("JSON values, each with its place") {
  CHECK(outline_of_json("{\"a\": [1, -2.5e3, true, null],\n \"b\": {}}") ==
        "{\"a\"@1:3+1: [1@1:8+1, -2.5e3@1:11+6, true@1:19+4, null@1:25+4], \"b\"@2:3+1: {}}");
  CHECK(outline_of_json("[[], \"\"]") == "[[], \"\"@1:6+2]");
  CHECK(outline_of_json("\t{ \"a\" :\r\n\t\"b\" }") == "{\"a\"@1:5+1: \"b\"@2:3+1}");
}

TEST_CASE("JSON escapes, surrogate pairs and halves of them among them") {
  CHECK(outline_of_json(R"("\"\\\/\b\f\n\r\t")") == "\"\"\\/\b\f\n\r\t\"@1:2+16");
  CHECK(outline_of_json(R"("\u00fc\ud83d\ude00")") == "\"\u00fc\U0001F600\"@1:2+18");
  CHECK(outline_of_json(R"("\ud83d!")") == "\"\uFFFD!\"@1:2+7");
  CHECK(outline_of_json(R"("\ude00\ud83d\ud83d\ude00")") == "\"\uFFFD\uFFFD\U0001F600\"@1:2+24");
}

TEST_CASE("JSON keys may be as long as they like") {
  const std::string key(5000, 'k');
  CHECK(outline_of_json("{\"" + key + "\": 1}").starts_with("{\"" + key));
}

TEST_CASE("E50: what is no JSON, in a .json file") {
  for (const char* text : {"{",
                           "[",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "[1,]",
                           "[1 2]",
                           "{a: 1}",
                           "{'a': 1}",
                           "[01]",
                           "[1.]",
                           "[.5]",
                           "[+1]",
                           "[-]",
                           "[1e]",
                           "[tru]",
                           "[\"a\nb\"]",
                           "\"abc",
                           "[\"\\x\"]",
                           "[\"\\u12g4\"]",
                           "{\"a\":1}}",
                           "{\"a\" 1}",
                           "{\"a\":1 \"b\":2}",
                           "// no",
                           "[\"\\"}) {
    INFO(text);
    expect_json_diagnostics(text).has("E50");
  }
  expect_json_diagnostics("{\"a\": 1,\n \"b\" 2}").has("E50").at(2, 6).message("`:` is missing");
  expect_json_diagnostics("{\"a\": [1, 2}").has("E50").at(1, 12).message("`,` or `]`");
}

TEST_CASE("a JSON manifest is decoded like a YAML one") {
  const std::string json =
      "{\"apiVersion\": \"v1\", \"kind\": \"Service\", \"metadata\": {\"name\": \"web\"},\n"
      " \"spec\": {\"ports\": [{\"port\": \"80\"}, {\"port\": 81}]}}";
  expect_json_diagnostics(json).only({"E01"}).has("E01").at(2, 31).at_text("80");
  expect_diagnostics(json).only({"E01"});  // known by its first characters too
}

TEST_CASE("several JSON values may follow each other") {
  const std::string account =
      "{\"apiVersion\":\"v1\",\"kind\":\"ServiceAccount\",\"metadata\":{\"name\":\"";
  const std::string json = account + "a\"}}\n " + account + "b\"}}\n---\n" + account + "C\"}}";
  expect_json_diagnostics(json).only({"E57"}).has("E57").at(4, 64).at_text("C");
  CHECK(decoded(json, "test.json").service_accounts.size() == 2);
}

TEST_CASE("what looks like JSON but is YAML is read as YAML") {
  const std::string flow = "{\"apiVersion\": v1, kind: ServiceAccount, metadata: {name: a,},}\n";
  expect_diagnostics(flow).none();
  CHECK(decoded(flow).service_accounts.size() == 1);
  CHECK(decoded("{apiVersion: v1, kind: ServiceAccount, metadata: {name: a}}")
            .service_accounts.size() == 1);
}
