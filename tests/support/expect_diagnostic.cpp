// SPDX-License-Identifier: Apache-2.0
#include "tests/support/expect_diagnostic.h"

#include <catch2/catch.hpp>
#include <set>

#include "compiler/resources/resources.h"

namespace smic::test {
namespace {

Expectation expect_of_source(std::string name, std::string_view text) {
  Sources sources;
  sources.add(std::move(name), std::string(text));
  Diagnostics diagnostics(sources);
  resources::decode(sources, diagnostics);
  return Expectation(diagnostics);
}

std::string underlined_by(const Sources& sources, const Span& span) {
  const std::string_view line = sources.line(span.source, span.line);
  if (span.column == 0 || span.column > line.size()) return {};
  return std::string(line.substr(span.column - 1, span.length));
}

}  // namespace

ExpectedDiagnostic::ExpectedDiagnostic(std::string code, std::vector<Diagnostic> candidates,
                                       std::vector<std::string> underlined, std::string all)
    : code_(std::move(code)),
      candidates_(std::move(candidates)),
      underlined_(std::move(underlined)),
      all_(std::move(all)) {}

template <class Keep>
ExpectedDiagnostic& ExpectedDiagnostic::keep(const std::string& expected, Keep keep) {
  const bool had_candidates = !candidates_.empty();
  std::vector<Diagnostic> kept;
  std::vector<std::string> kept_underlined;
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    if (!keep(candidates_[i], underlined_[i])) continue;
    kept.push_back(candidates_[i]);
    kept_underlined.push_back(underlined_[i]);
  }
  candidates_ = std::move(kept);
  underlined_ = std::move(kept_underlined);
  INFO("expected " << code_ << ' ' << expected << " among\n" << all_);
  if (had_candidates) CHECK(!candidates_.empty());
  return *this;
}

ExpectedDiagnostic& ExpectedDiagnostic::at_text(std::string_view text) {
  return keep("at `" + std::string(text) + "`",
              [&](const Diagnostic&, const std::string& underlined) { return underlined == text; });
}

ExpectedDiagnostic& ExpectedDiagnostic::at(std::uint32_t line, std::uint32_t column) {
  return keep("at " + std::to_string(line) + ':' + std::to_string(column),
              [&](const Diagnostic& diagnostic, const std::string&) {
                return diagnostic.span.line == line && diagnostic.span.column == column;
              });
}

ExpectedDiagnostic& ExpectedDiagnostic::message(std::string_view part) {
  return keep("with the message `" + std::string(part) + "`",
              [&](const Diagnostic& diagnostic, const std::string&) {
                return diagnostic.message.contains(part);
              });
}

ExpectedDiagnostic& ExpectedDiagnostic::help(std::string_view part) {
  return keep("with the help `" + std::string(part) + "`",
              [&](const Diagnostic& diagnostic, const std::string&) {
                return diagnostic.help.contains(part);
              });
}

ExpectedDiagnostic& ExpectedDiagnostic::note(std::string_view part) {
  return keep("with the note `" + std::string(part) + "`",
              [&](const Diagnostic& diagnostic, const std::string&) {
                for (const Note& note : diagnostic.notes) {
                  if (note.message.contains(part)) return true;
                }
                return false;
              });
}

ExpectedDiagnostic& ExpectedDiagnostic::times(std::size_t count) {
  INFO("expected " << code_ << ' ' << count << " times in\n" << all_);
  CHECK(candidates_.size() == count);
  return *this;
}

Expectation::Expectation(const Diagnostics& diagnostics)
    : list_(diagnostics.sorted()), all_(render(diagnostics, DiagnosticsFormat::human)) {
  for (const Diagnostic& diagnostic : list_) {
    underlined_.push_back(underlined_by(diagnostics.sources(), diagnostic.span));
  }
}

ExpectedDiagnostic Expectation::has(std::string_view code) const {
  std::vector<Diagnostic> candidates;
  std::vector<std::string> underlined;
  for (std::size_t i = 0; i < list_.size(); ++i) {
    if (list_[i].code != code) continue;
    candidates.push_back(list_[i]);
    underlined.push_back(underlined_[i]);
  }
  INFO("expected " << code << " among\n" << all_);
  CHECK(!candidates.empty());
  return ExpectedDiagnostic(std::string(code), candidates, underlined, all_);
}

const Expectation& Expectation::lacks(std::string_view code) const {
  for (const Diagnostic& diagnostic : list_) {
    INFO("expected no " << code << " among\n" << all_);
    CHECK(diagnostic.code != code);
  }
  return *this;
}

const Expectation& Expectation::only(std::initializer_list<std::string_view> codes) const {
  std::set<std::string> expected(codes.begin(), codes.end()), found;
  for (const Diagnostic& diagnostic : list_) found.insert(diagnostic.code);
  INFO(all_);
  CHECK(found == expected);
  return *this;
}

const Expectation& Expectation::none() const { return only({}); }

Expectation expect_diagnostics(const Diagnostics& diagnostics) { return Expectation(diagnostics); }

Expectation expect_diagnostics(std::string_view yaml) {
  return expect_of_source("test.yaml", yaml);
}

Expectation expect_json_diagnostics(std::string_view json) {
  return expect_of_source("test.json", json);
}

}  // namespace smic::test
