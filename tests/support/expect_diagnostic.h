// SPDX-License-Identifier: Apache-2.0
// What is expected of diagnostics, in one line:
//
//   expect_diagnostics(yaml).has("E04").at_text("get").help("GET");
//   expect_diagnostics(diags).only({"W06"});
//   expect_diagnostics(yaml).none();
//
// A failed expectation is a failed Catch2 check that shows all diagnostics there were.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/diagnostics/diagnostics.h"

namespace smic::test {

// The diagnostics with one code, narrowed down by what else is expected of them.
class ExpectedDiagnostic {
 public:
  ExpectedDiagnostic(std::string code, std::vector<Diagnostic> candidates,
                     std::vector<std::string> underlined, std::string all);

  ExpectedDiagnostic& at_text(std::string_view text);  // the underlined text, exactly
  ExpectedDiagnostic& at(std::uint32_t line, std::uint32_t column);
  ExpectedDiagnostic& message(std::string_view part);
  ExpectedDiagnostic& help(std::string_view part);
  ExpectedDiagnostic& note(std::string_view part);
  ExpectedDiagnostic& times(std::size_t count);

 private:
  template <class Keep>
  ExpectedDiagnostic& keep(const std::string& expected, Keep keep);

  std::string code_;
  std::vector<Diagnostic> candidates_;
  std::vector<std::string> underlined_;
  std::string all_;
};

class Expectation {
 public:
  explicit Expectation(const Diagnostics& diagnostics);

  ExpectedDiagnostic has(std::string_view code) const;
  const Expectation& lacks(std::string_view code) const;
  const Expectation& only(std::initializer_list<std::string_view> codes) const;  // as a set
  const Expectation& none() const;

 private:
  std::vector<Diagnostic> list_;
  std::vector<std::string> underlined_;
  std::string all_;  // rendered for people
};

Expectation expect_diagnostics(const Diagnostics& diagnostics);

// Of decoding the text, as one source named "test.yaml" (or "test.json").
Expectation expect_diagnostics(std::string_view yaml);
Expectation expect_json_diagnostics(std::string_view json);

}  // namespace smic::test
