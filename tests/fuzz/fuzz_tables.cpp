// SPDX-License-Identifier: Apache-2.0
// The check of the tables and the kernel. The input is not tables but edits of real ones, so that
// most of the block stays sound: by field and not by offset, so that an input means the same when
// records grow or move. An edit is five bytes:
//
//   where    one of the fields of the header, of a hash of words, of its slots, or any u32
//   which    of them, modulo how many there are
//   how      what becomes of it (below), with `operand`
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "base/check.h"
#include "compiler/decision/decision.h"
#include "contract/check_tables.h"
#include "contract/tables.h"
#include "tests/support/ask_tables.h"
#include "tests/support/find_hash.h"

using namespace smic;

namespace {

ir::Unit unit() {
  ir::Unit unit{.service = {"a", "b"}, .port = 80};
  unit.sources = {{{{"a", "x"}, {"a", "y+blue"}}}, {{{"b", "y"}, {"a", "y+blue"}}}};
  unit.matches = {
      {.methods = 2, .path = "/reviews/[0-9]+"},
      {.headers = {{"user-agent", ".*Firefox.*"}}},
      {.path = "/[^/]+/me", .headers = {{"user-agent", ".*bot.*"}, {"x-mode", "on|off"}}},
      {.path = "/[a-z0-9_.~-]+[A-Z]/(aa|bb|cc)$"},
      {.path = "/reviews/1", .headers = {{"x-mode", "on"}}},
      {.path = R"(/[\x{100}-\x{110}\x{200}-\x{205}a-gz]x)"},
  };
  // Words that a hash tells apart.
  for (int number = 100; number < 1000; number += 37) {
    unit.matches.push_back({.path = "/teams/team-" + std::to_string(number) + "/orders/[0-9]+$"});
    unit.matches.push_back({.path = "/teams/team-" + std::to_string(number) + "$"});
  }
  const auto when = [](std::vector<std::size_t> matches) {
    return ir::AnyOf{{matches.begin(), matches.end()}};
  };
  ir::AnyOf words, half;
  for (std::size_t i = 6; i < unit.matches.size(); ++i) {
    words.matches.emplace_back(i);
    if (i % 4 < 2) half.matches.emplace_back(i);
  }
  unit.routes = {{when({1, 4}), ir::Forward{{{{"a", "v1"}, 80, 9}, {{"a", "v2"}, 80, 1}}}},
                 {when({2, 3, 5}), ir::Unavailable{}},
                 {words, ir::Forward{{{{"a", "c"}, 80, 1}}}},
                 {ir::Always{}, ir::Forward{{{{"a", "b"}, 80, 1}}}}};
  unit.allows = {{ir::DestinationRef{{"a", "b"}, {}}, ir::SourceSetId(0), when({0, 5})},
                 {ir::DestinationRef{{"a", "c"}, 8080}, ir::SourceSetId(1), when({1, 2})},
                 {ir::DestinationRef{{"b", "c"}, {}}, ir::SourceSetId(1), half}};
  return unit;
}

using Tables = std::vector<std::uint8_t>;

struct Fields {
  explicit Fields(const Tables& tables) : size(tables.size()), hash(test::hash_in(tables)) {
    SMIC_CHECK(hash != 0, "the unit of this harness has hashed words");
    const std::uint32_t bits = tables[hash + 2];
    std::uint32_t count = 0;
    std::memcpy(&count, &tables[hash + 12], sizeof count);
    first_slot = static_cast<std::uint32_t>(contract::word_table(hash, bits));
    slot_words = count * sizeof(contract::WordSlot) / 4;
  }

  // The offset of a field; all are multiples of four within the block.
  std::size_t at(std::uint8_t where, std::size_t which) const {
    switch (where % 4) {
      case 0:
        return which % (sizeof(contract::TablesHeader) / 4) * 4;
      case 1:  // and some of its shifts
        return hash + which % (contract::kHashHeader / 4 + 2) * 4;
      case 2:
        return first_slot + which % slot_words * 4;
      default:
        return which % (size / 4) * 4;
    }
  }

  std::size_t size;
  std::uint32_t hash, first_slot = 0, slot_words = 0;
};

std::uint32_t changed(std::uint32_t value, std::uint8_t how, std::uint8_t operand,
                      const Tables& all) {
  const auto small = static_cast<std::int8_t>(operand);
  switch (how % 7) {
    case 0:
      return operand;
    case 1:
      return value + static_cast<std::uint32_t>(small);
    case 2:
      return value + 4 * static_cast<std::uint32_t>(small);  // another record nearby
    case 3:
      return value ^ 1u << operand % 32;
    case 4:
      return static_cast<std::uint32_t>(all.size()) + 4 * static_cast<std::uint32_t>(small);
    case 5:
      return static_cast<std::uint32_t>(operand) << 8 * (how / 7 % 4) |
             (value & ~(0xffu << 8 * (how / 7 % 4)));  // one of its bytes
    default:
      return ~0u - operand;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const decision::Decision decision = decision::decide(unit());
  static const Fields fields(decision.tables);
  Tables tables = decision.tables;
  for (std::size_t i = 0; i + 5 <= size; i += 5) {
    const std::size_t at = fields.at(data[i], data[i + 1] | std::size_t{data[i + 2]} << 8);
    std::uint32_t value = 0;
    std::memcpy(&value, &tables[at], sizeof value);
    value = changed(value, data[i + 3], data[i + 4], tables);
    std::memcpy(&tables[at], &value, sizeof value);
  }
  if (contract::check_tables(tables, decision.shape)) {
    SMIC_CHECK(test::answers_in_shape(tables.data(), decision.shape), "an answer out of range");
  }
  return 0;
}
