// SPDX-License-Identifier: Apache-2.0
// The text form of the rule IR read back: print(parse(print(u))) == print(u), and parse(print(u))
// == u. grammar/README.md describes the language, grammar/RuleIR.g4 is its syntax.
//
// Mistakes are diagnostics: E52 (what is no .smir) and E53 (what reads well but makes no sound
// unit: an undeclared name, a port out of range, whatever verify() refuses). A unit with a mistake
// is left out. ANTLR's door is read_rule_ir.cpp; no type or exception of it leaves.
//
// Whether a pattern is a regular expression is not known here, so who knows is asked; what it
// refuses is E03, at its place in the text.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/diagnostics/diagnostics.h"
#include "compiler/ir/ir.h"

namespace smic::text {

// Reading goes at about 5 MB a second, in memory of the size of the largest statement.
inline constexpr std::size_t kMaxBytes = 64 << 20;
inline constexpr std::size_t kMaxMistakes = 20;  // then the rest of the text is not looked at

struct PatternMistake {
  std::size_t offset = 0;  // in the pattern
  std::size_t length = 1;
  std::string message;
  std::string help;
};
// `whole`: the pattern must match the whole subject, as a header's does.
using PatternCheck =
    std::function<std::optional<PatternMistake>(std::string_view pattern, bool whole)>;

std::vector<ir::Unit> parse(const Sources& sources, SourceId source, Diagnostics& diagnostics,
                            PatternCheck check = {});

}  // namespace smic::text
