// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "compiler/resources/resources.h"

using namespace smic;

namespace {

// What is underlined for `piece` of the match's pathRegex, which is written like this.
std::string underlined(const std::string& written, const std::string& piece) {
  Sources sources;
  const SourceId id = sources.add(
      "test.yaml",
      "apiVersion: specs.smi-spec.io/v1alpha4\nkind: HTTPRouteGroup\nmetadata: {name: a}\n"
      "spec:\n  matches:\n  - name: m\n    pathRegex: " +
          written + "\n");
  Diagnostics diagnostics(sources);
  const resources::Set set = resources::decode(sources, diagnostics);
  const resources::Text& regex = *set.http_route_groups.at(0).matches.at(0).path_regex;
  const std::size_t at = regex.value.find(piece);
  REQUIRE(at != std::string::npos);
  const Span span = resources::inside(sources, regex, at, piece.size());
  return std::string(sources.line(id, span.line).substr(span.column - 1, span.length));
}

}  // namespace

TEST_CASE("a piece of a plain text is found") {
  CHECK(underlined("/a(b", "(") == "(");
  CHECK(underlined("/\u00fc(b", "(b") == "(b");
}

TEST_CASE("a piece of a quoted text is found behind escapes") {
  CHECK(underlined("\"/a(b\"", "(") == "(");
  CHECK(underlined(R"("/\\d(b")", "(b") == "(b");
  CHECK(underlined(R"("/\\d(b")", "\\d") == R"(\\d)");
  CHECK(underlined(R"("/\u00fc\x41\U0001F600(b")", "(") == "(");
  CHECK(underlined(R"("/\L\_(b")", "(") == "(");
  CHECK(underlined("'/it''s(b'", "(") == "(");
}

TEST_CASE("a text of several lines is pointed at as a whole") {
  CHECK(underlined("|\n      /a(b", "(") == "|");
  CHECK(underlined("\"/a\\\n      (b\"", "(") == "/a\\");
}
