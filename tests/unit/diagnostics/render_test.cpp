// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "compiler/diagnostics/diagnostics.h"

using namespace smic;

namespace {

// Renders one warning at (line 1, column, length) of a source with this text.
std::string human_of(std::string text, std::uint32_t column, std::uint32_t length,
                     bool colour = false) {
  Sources sources;
  const SourceId id = sources.add("shop.yaml", std::move(text));
  Diagnostics diagnostics(sources);
  diagnostics.report("W06", {id, 1, column, length}, "no such thing");
  return render(diagnostics, DiagnosticsFormat::human, colour);
}

}  // namespace

TEST_CASE("human: place, severity, message, code, caret, help and notes") {
  Sources sources;
  const SourceId id = sources.add("shop.yaml", "backends:\n  - service: web-v3\n");
  Diagnostics diagnostics(sources);
  diagnostics
      .report("W06", {id, 2, 14, 6}, "backend `web-v3` is not a Service", "did you mean `web-v2`?")
      .notes.push_back({{id, 1, 1, 8}, "listed here"});
  CHECK(render(diagnostics, DiagnosticsFormat::human) ==
        "shop.yaml:2:14: warning: backend `web-v3` is not a Service [W06]\n"
        "    2 |   - service: web-v3\n"
        "      |              ^^^^^^\n"
        "   help: did you mean `web-v2`?\n"
        "shop.yaml:1:1: note: listed here\n"
        "    1 | backends:\n"
        "      | ^^^^^^^^\n");
}

TEST_CASE("human: a diagnostic of a whole file has no snippet") {
  Sources sources;
  const SourceId id = sources.add("big.yaml", "x");
  Diagnostics diagnostics(sources);
  diagnostics.report("E51", {.source = id}, "too large");
  CHECK(render(diagnostics, DiagnosticsFormat::human) == "big.yaml: error: too large [E51]\n");
}

TEST_CASE("human: carets stand under what is meant after tabs, UTF-8 and wide characters") {
  CHECK(human_of("\tkey: v", 7, 1).contains("    1 |     key: v\n      |          ^\n"));
  CHECK(human_of("gr\u00fc\u00df: v", 9, 1).contains(" | gr\u00fc\u00df: v\n      |       ^\n"));
  CHECK(human_of("\u65e5\u672c: v", 9, 1).contains(" |       ^\n"));
}

TEST_CASE("human: a line of megabytes is cut to a window around the span") {
  const std::string text = std::string(5'000'000, 'a') + "HERE" + std::string(5'000'000, 'b');
  const std::string out = human_of(text, 5'000'001, 4);
  CHECK(out.size() < 400);
  CHECK(out.contains("aaHEREbb"));
  CHECK(out.contains("…"));
  CHECK(out.contains("^^^^"));
}

TEST_CASE("human: a span beyond the line's end still has a caret") {
  CHECK(human_of("ab", 3, 5).contains(" | ab\n      |   ^\n"));
  CHECK(human_of("ab", 300, 5).contains("^"));
  CHECK(human_of("", 1, 0).contains("^"));
}

TEST_CASE("human: the input cannot drive the terminal") {
  const std::string out = human_of("a\x1b[31m\x07\xff z", 1, 1);
  CHECK_FALSE(out.contains('\x1b'));
  CHECK_FALSE(out.contains('\x07'));
  CHECK_FALSE(out.contains('\xff'));
}

TEST_CASE("human: colour only when asked for") {
  CHECK(human_of("abc", 1, 1, true).contains("\x1b[1;33m^"));
  CHECK_FALSE(human_of("abc", 1, 1, false).contains('\x1b'));
}

TEST_CASE("plain: one line each, whatever the message holds") {
  Sources sources;
  const SourceId id = sources.add("a\nb.yaml", "x: y");
  Diagnostics diagnostics(sources);
  diagnostics.report("E04", {id, 1, 4, 1}, "method `a\nb` is not known", "help is left out");
  CHECK(render(diagnostics, DiagnosticsFormat::plain) ==
        "a\\nb.yaml:1:4: error: method `a\\nb` is not known [E04]\n");
}

TEST_CASE("json: the one document with the seven fields") {
  Sources sources;
  const SourceId id = sources.add("shop.yaml", "x: y");
  Diagnostics diagnostics(sources);
  diagnostics.report("E04", {id, 1, 4, 1}, "method `\"\xff` is not known", "use `GET`");
  CHECK(render(diagnostics, DiagnosticsFormat::json) ==
        "{\"diagnostics\": [\n"
        "  {\"severity\": \"error\", \"code\": \"E04\", \"file\": \"shop.yaml\", \"line\": 1, "
        "\"column\": 4, \"message\": \"method `\\\"\\ufffd` is not known\", \"help\": \"use "
        "`GET`\"}\n"
        "]}\n");
}

TEST_CASE("json: no diagnostics are an empty list") {
  Sources sources;
  const Diagnostics diagnostics(sources);
  CHECK(render(diagnostics, DiagnosticsFormat::json) == "{\"diagnostics\": []}\n");
}

TEST_CASE("sarif: rules, places in code points, and paths as URIs") {
  Sources sources;
  const SourceId id = sources.add("my shop.yaml", "\u00fc: yy");
  Diagnostics diagnostics(sources);
  diagnostics.report("E04", {id, 1, 5, 2}, "wrong", "right");
  const std::string out = render(diagnostics, DiagnosticsFormat::sarif);
  CHECK(out.contains("\"version\": \"2.1.0\""));
  CHECK(out.contains("\"uri\": \"my%20shop.yaml\""));
  CHECK(out.contains("\"startLine\": 1, \"startColumn\": 4, \"endColumn\": 6"));
  CHECK(out.contains("{\"id\": \"E04\", \"shortDescription\""));
  CHECK(out.contains("\"text\": \"wrong; right\""));
}
