// SPDX-License-Identifier: Apache-2.0
#include "compiler/diagnostics/diagnostics.h"

#include <catch2/catch.hpp>

using namespace smic;

TEST_CASE("lines are found by number, without their ends") {
  Sources sources;
  const SourceId id = sources.add("a.yaml", "one\r\ntwo\n\nfour");
  CHECK(sources.line(id, 0) == "");
  CHECK(sources.line(id, 1) == "one");
  CHECK(sources.line(id, 2) == "two");
  CHECK(sources.line(id, 3) == "");
  CHECK(sources.line(id, 4) == "four");
  CHECK(sources.line(id, 5) == "");
}

TEST_CASE("byte order marks between documents of files put together are not part of the text") {
  const std::string mark = "\xEF\xBB\xBF";
  Sources sources;
  const auto text = [&](const std::string& given) {
    return sources.text(sources.add("a.yaml", given));
  };
  CHECK(text(mark + "a: b\n---\n" + mark + "c: d\n") == "a: b\n---\nc: d\n");
  CHECK(text("a: b\n" + mark + "---\r\n" + mark + "c: d") == "a: b\n---\r\nc: d");
  CHECK(text("a: |\n" + mark + "b" + mark) == "a: |\n" + mark + "b" + mark);
  CHECK(text(mark).empty());
}

TEST_CASE("a byte order mark is not part of the text") {
  Sources sources;
  const SourceId id = sources.add("a.yaml", "\xEF\xBB\xBFkind: Pod");
  CHECK(sources.text(id) == "kind: Pod");
}

TEST_CASE("views into sources outlive the addition of others") {
  Sources sources;
  const SourceId first = sources.add("a", "x");
  const std::string_view text = sources.text(first);
  for (int i = 0; i < 1000; ++i) sources.add("b", "y");
  CHECK(text.data() == sources.text(first).data());
}

TEST_CASE("the code's first letter is the severity") {
  Sources sources;
  const SourceId id = sources.add("a", "x");
  Diagnostics diagnostics(sources);
  CHECK(diagnostics.report("W06", {id, 1, 1, 1}, "x").severity == Severity::warning);
  CHECK_FALSE(diagnostics.has_errors());
  CHECK(diagnostics.report("E01", {id, 1, 1, 1}, "x").severity == Severity::error);
  CHECK(diagnostics.has_errors());
  CHECK(diagnostics.error_count() == 1);
  CHECK(diagnostics.warning_count() == 1);
}

TEST_CASE("diagnostics come sorted by file, line and column, each once") {
  Sources sources;
  const SourceId a = sources.add("a", "x"), b = sources.add("b", "x");
  Diagnostics diagnostics(sources);
  diagnostics.report("E01", {b, 1, 1, 1}, "fifth");
  diagnostics.report("E01", {a, 2, 1, 1}, "third");
  diagnostics.report("W01", {a, 1, 7, 1}, "second");
  diagnostics.report("E01", {a, 1, 2, 1}, "first");
  diagnostics.report("E01", {a, 2, 9, 1}, "fourth");
  diagnostics.report("E01", {a, 1, 2, 1}, "first");
  std::vector<std::string> messages;
  for (const Diagnostic& each : diagnostics.sorted()) messages.push_back(each.message);
  CHECK(messages == std::vector<std::string>{"first", "second", "third", "fourth", "fifth"});
}

TEST_CASE("a file shows at most so many diagnostics, errors first, then the rest's count") {
  Sources sources;
  const SourceId a = sources.add("a", "x"), b = sources.add("b", "x");
  Diagnostics diagnostics(sources);
  for (std::uint32_t i = 1; i <= Diagnostics::kMaxPerFile + 20; ++i) {
    diagnostics.report("W01", {a, i, 1, 1}, "warning");
  }
  diagnostics.report("E01", {a, 500, 1, 1}, "late error");
  diagnostics.report("E01", {b, 1, 1, 1}, "other file");
  const std::vector<Diagnostic> sorted = diagnostics.sorted();
  REQUIRE(sorted.size() == Diagnostics::kMaxPerFile + 2);
  CHECK(sorted[Diagnostics::kMaxPerFile - 1].message == "late error");
  CHECK(sorted[Diagnostics::kMaxPerFile].message == "and 21 more in this file");
  CHECK(sorted[Diagnostics::kMaxPerFile].severity == Severity::note);
  CHECK(sorted.back().message == "other file");
}

TEST_CASE("what is beyond the number kept is counted, and still an error") {
  Sources sources;
  const SourceId a = sources.add("a", "x");
  Diagnostics diagnostics(sources);
  const std::size_t many = Diagnostics::kMaxKept * 20;
  for (std::uint32_t i = 1; i <= many; ++i) diagnostics.report("E01", {a, i, 1, 1}, "error");
  diagnostics.report("W01", {a, 1, 1, 1}, "warning");
  CHECK(diagnostics.error_count() == many);
  CHECK(diagnostics.sorted().back().message ==
        "and " + std::to_string(many - Diagnostics::kMaxPerFile + 1) +
            " more in this file, of which " + std::to_string(many - Diagnostics::kMaxPerFile) +
            " errors");
}
