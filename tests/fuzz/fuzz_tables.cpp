// SPDX-License-Identifier: Apache-2.0
// The check of the tables and the kernel. The input is not tables but edits of real ones, three
// bytes each (offset, value): a change anywhere is one mutation, and most of the block stays sound.
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "compiler/decision/decision.h"
#include "contract/check_tables.h"
#include "tests/support/ask_tables.h"

using namespace smic;

namespace {

ir::Unit unit() {
  ir::Unit unit{.service = {"a", "b"}, .port = 80};
  unit.sources = {{{{"a", "x"}, {"a", "y"}}}, {{{"a", "y"}}}};
  unit.matches = {
      {.methods = 2, .path = "/reviews/[0-9]+"},
      {.headers = {{"user-agent", ".*Firefox.*"}}},
      {.path = "/[^/]+/me", .headers = {{"user-agent", ".*bot.*"}, {"x-mode", "on|off"}}},
      {.path = "/[a-z0-9_.~-]+[A-Z]/(aa|bb|cc)$"},
      {.path = "/reviews/1", .headers = {{"x-mode", "on"}}},
      {.path = R"(/[\x{100}-\x{110}\x{200}-\x{205}a-gz]x)"},
  };
  const auto when = [](std::vector<std::size_t> matches) {
    return ir::AnyOf{{matches.begin(), matches.end()}};
  };
  unit.routes = {{when({1, 4}), ir::Forward{{{{"a", "v1"}, 80, 9}, {{"a", "v2"}, 80, 1}}}},
                 {when({2, 3, 5}), ir::Unavailable{}},
                 {ir::Always{}, ir::Forward{{{{"a", "b"}, 80, 1}}}}};
  unit.allows = {{ir::DestinationRef{{"a", "b"}, {}}, ir::SourceSetId(0), when({0, 5})},
                 {ir::DestinationRef{{"a", "c"}, 8080}, ir::SourceSetId(1), when({1, 2})}};
  return unit;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const decision::Decision decision = decision::decide(unit());
  std::vector<std::uint8_t> tables = decision.tables;
  for (std::size_t i = 0; i + 3 <= size; i += 3) {
    const std::size_t at = data[i] | std::size_t{data[i + 1]} << 8;
    tables[at % tables.size()] = data[i + 2];
  }
  if (contract::check_tables(tables, decision.shape)) {
    SMIC_CHECK(test::answers_in_shape(tables.data(), decision.shape), "an answer out of range");
  }
  return 0;
}
