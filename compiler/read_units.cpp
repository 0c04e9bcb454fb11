// SPDX-License-Identifier: Apache-2.0
#include "compiler/read_units.h"

#include <algorithm>

#include "compiler/automata/automata.h"
#include "compiler/resources/resources.h"
#include "compiler/text/text.h"

namespace smic {
namespace {

std::optional<automata::SyntaxError> first_mistake(const ir::Match& match) {
  if (match.path) {
    if (auto mistake = automata::mistake_in(*match.path, automata::Anchor::start)) return mistake;
  }
  for (const ir::HeaderTest& header : match.headers) {
    if (auto mistake = automata::mistake_in(header.regex, automata::Anchor::both)) return mistake;
  }
  return std::nullopt;
}

// The IR keeps no place in the .smir text, so the match is named instead.
bool has_bad_pattern(const ir::Unit& unit, SourceId source, Diagnostics& diagnostics) {
  for (std::size_t i = 0; i < unit.matches.size(); ++i) {
    const auto mistake = first_mistake(unit.matches[i]);
    if (!mistake) continue;
    diagnostics.report("E03", {source, 0, 0, 0},
                       "match m" + std::to_string(i) + " of unit " + ir::to_string(unit.service) +
                           ":" + std::to_string(unit.port) + ": " + mistake->message,
                       mistake->help);
    return true;
  }
  return false;
}

}  // namespace

std::vector<ir::Unit> read_units(const Sources& sources, Diagnostics& diagnostics) {
  std::vector<ir::Unit> units;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const SourceId source(i);
    if (!resources::is_smir(sources.name(source), sources.text(source))) continue;
    std::vector<ir::Unit> read = text::parse(sources, source, diagnostics);
    std::erase_if(read, [&](const ir::Unit& u) { return has_bad_pattern(u, source, diagnostics); });
    std::ranges::move(read, std::back_inserter(units));
  }
  return units;
}

}  // namespace smic
