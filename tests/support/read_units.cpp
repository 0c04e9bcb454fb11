// SPDX-License-Identifier: Apache-2.0
#include "tests/support/read_units.h"

#include <catch2/catch.hpp>

#include "compiler/text/text.h"

namespace smic::test {

Reading::Reading(std::string text)
    : id(sources.add("test.smir", std::move(text))),
      diagnostics(sources),
      units(text::parse(sources, id, diagnostics)) {}

std::vector<ir::Unit> read_units(std::string_view text) {
  Reading reading{std::string(text)};
  INFO(render(reading.diagnostics, DiagnosticsFormat::human));
  REQUIRE_FALSE(reading.diagnostics.has_errors());
  return std::move(reading.units);
}

ir::Unit read_unit(std::string_view text) {
  std::vector<ir::Unit> units = read_units(text);
  REQUIRE(units.size() == 1);
  return std::move(units[0]);
}

std::string print_without_origins(const ir::Unit& unit) {
  std::string text = ir::print(unit);
  for (std::size_t at = 0; (at = text.find(" @ \"", at)) != std::string::npos;) {
    text.erase(at, text.find('\n', at) - at);
  }
  return text;
}

}  // namespace smic::test
