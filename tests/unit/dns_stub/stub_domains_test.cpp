// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "edits.h"

using namespace smic;
using test::edited;
using test::Edited;
using test::mesh;

namespace {

Edited add(const std::string& text, const dns_stub::Stub& stub = mesh()) {
  return edited(text, [&stub](const Sources& sources, SourceId id, Diagnostics& diagnostics) {
    return dns_stub::add_to_stub_domains(sources, id, stub, diagnostics);
  });
}

Edited take(const std::string& text) { return edited(text, dns_stub::take_from_stub_domains); }

const std::string kOurs =
    R"("begin.smic.invalid":["10.96.0.53"],"mesh":["10.96.0.53"],"end.smic.invalid":["10.96.0.53"])";

}  // namespace

TEST_CASE("zones are added to stubDomains, renewed, and taken out byte for byte", "[dns_stub]") {
  for (const std::string original : {"{}", " { }\n", R"({"acme.local": ["1.2.3.4"]})",
                                     "{\n  \"a.b\": [\"1.2.3.4\", \"x\"],\n\"c\" : [] }", ""}) {
    INFO(original);
    const Edited once = add(original);
    REQUIRE(once.text);
    CHECK(once.text->find(R"("mesh":["10.96.0.53"])") != std::string::npos);
    CHECK(add(*once.text).text == once.text);
    CHECK(take(*once.text).text == original);
    CHECK(take(original).text == original);
    const Edited renewed = add(*once.text, {.zones = {"maesh"}, .responders = {"10.0.0.1:53"}});
    REQUIRE(renewed.text);
    CHECK(renewed.text->find("\"mesh\"") == std::string::npos);
    CHECK(take(*renewed.text).text == original);
  }
  CHECK(add(R"({"a.b":["1.2.3.4"]})").text == "{" + kOurs + R"(,"a.b":["1.2.3.4"]})");
  CHECK(add("{}").text == "{" + kOurs + "}");
}

TEST_CASE("stubDomains that are not understood, or have our zone, are refused", "[dns_stub]") {
  for (const char* wrong :
       {"[]", "{", R"({"a": "1.2.3.4"})", R"({"a": [1]})", "null", R"({"a":[[]]})"}) {
    INFO(wrong);
    CHECK_FALSE(add(wrong).text);
    CHECK(add(wrong).said.find("no JSON object of zones") != std::string::npos);
    CHECK_FALSE(take(wrong).text);
  }
  CHECK(add(R"({"Mesh.": ["1.2.3.4"]})").said.find("is here already") != std::string::npos);
  CHECK_FALSE(take(R"({"begin.smic.invalid":["10.96.0.53"]})").text);
}
