// SPDX-License-Identifier: Apache-2.0
#include "compiler/read_units.h"

#include <algorithm>

#include "compiler/automata/automata.h"
#include "compiler/resources/resources.h"
#include "compiler/text/text.h"

namespace smic {
namespace {

std::optional<text::PatternMistake> mistake_in(std::string_view pattern, bool whole) {
  auto mistake =
      automata::mistake_in(pattern, whole ? automata::Anchor::both : automata::Anchor::start);
  if (!mistake) return std::nullopt;
  return text::PatternMistake{mistake->offset, mistake->length, std::move(mistake->message),
                              std::move(mistake->help)};
}

}  // namespace

std::vector<ir::Unit> read_units(const Sources& sources, Diagnostics& diagnostics) {
  std::vector<ir::Unit> units;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const SourceId source(i);
    if (!resources::is_smir(sources.name(source), sources.text(source))) continue;
    std::vector<ir::Unit> read = text::parse(sources, source, diagnostics, mistake_in);
    std::ranges::move(read, std::back_inserter(units));
  }
  return units;
}

}  // namespace smic
