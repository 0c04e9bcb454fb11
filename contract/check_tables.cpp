// SPDX-License-Identifier: Apache-2.0
// The tables are walked as the kernel would walk them, but along every way at once: from the
// header to routes, cells and programs, from programs to leaves, from leaves to rows and
// conditions. What no way leads to is not looked at and cannot matter.
//
// Tested by tests/unit/contract/check_tables_test.cpp (every field of small tables corrupted) and
// tests/fuzz/fuzz_tables.cpp (what is accepted is run).
#include "contract/check_tables.h"

#include <array>
#include <bit>
#include <unordered_set>

#include "contract/abi.h"
#include "contract/check_program.h"

namespace smic::contract {
namespace {

class TablesChecker {
 public:
  TablesChecker(std::span<const std::uint8_t> tables, const Shape& shape)
      : records_(tables), shape_(shape) {
    std::memcpy(&h_, tables.data(), sizeof h_);
  }

  Result<void> check();

 private:
  Result<void> check_counts();
  Result<void> check_routes();
  Result<void> check_masks();
  Result<void> check_cells();
  Result<void> check_slots();
  Result<void> check_roots(std::uint64_t roots, std::uint32_t count, ProgramChecker& program);

  Result<void> check_outcomes(std::uint64_t at, std::uint64_t count);
  Result<void> check_leaf(std::uint32_t leaf);
  Result<void> check_test_leaf(std::uint32_t at);
  Result<void> check_list(std::uint32_t at);
  Result<void> check_trigger(std::uint64_t at);
  Result<void> check_conditions(std::uint32_t at);
  Result<void> check_word(std::uint64_t at);
  Result<void> check_number(std::uint32_t outcome, std::uint64_t at);
  Result<void> check_row(std::uint32_t at);
  Result<void> check_patterns(std::uint32_t at, std::uint32_t words);
  Result<void> check_needles(std::uint32_t at, std::uint32_t words);

  Records records_;
  const Shape& shape_;
  TablesHeader h_;
  std::vector<std::uint32_t> slot_words_;
  std::unordered_set<std::uint32_t> leaves_, lists_, conditions_, terms_;  // known to be sound
};

Result<void> TablesChecker::check() {
  if (!records_.take(0, sizeof h_)) return refuse("the header", 0);
  if (auto checked = check_counts(); !checked) return checked;
  if (auto checked = check_routes(); !checked) return checked;
  if (auto checked = check_masks(); !checked) return checked;
  if (auto checked = check_cells(); !checked) return checked;
  if (!records_.take(h_.byte_class_table, sizeof(ByteClassRecord) * std::uint64_t{h_.byte_classes}))
    return refuse("the byte classes", 0);
  if (auto checked = check_outcomes(h_.start, kMethodCount); !checked) return checked;
  if (auto checked = check_outcomes(h_.outcome_table, h_.outcomes); !checked) return checked;
  if (auto checked = check_slots(); !checked) return checked;
  if (h_.base_leaf != 0) {
    if (auto checked = check_leaf(h_.base_leaf); !checked) return checked;
  }
  ProgramChecker paths(records_, h_.byte_classes,
                       [this](std::uint32_t leaf) { return check_leaf(leaf); });
  return check_roots(h_.path_roots, h_.path_groups, paths);
}

Result<void> TablesChecker::check_counts() {
  if (h_.routes == 0 || h_.routes != shape_.route_backends.size()) return refuse("routes", 0);
  if (h_.slots != shape_.header_slots.size()) return refuse("header slots", 0);
  if (h_.source_classes == 0 || h_.source_classes != shape_.source_classes) {
    return refuse("source classes", 0);
  }
  if (shape_.destinations > kMaxDestinations ||
      h_.destination_words != (shape_.destinations + 63) / 64) {
    return refuse("destinations", 0);
  }
  return h_.byte_classes > kMaxByteClasses ? refuse("byte classes", 0) : Result<void>{};
}

Result<void> TablesChecker::check_routes() {
  if (!records_.take(h_.route_table, sizeof(RouteRecord) * std::uint64_t{h_.routes})) {
    return refuse("the routes", h_.route_table);
  }
  for (std::uint32_t route = 0; route < h_.routes; ++route) {
    const std::uint64_t at = h_.route_table + sizeof(RouteRecord) * route;
    const std::uint32_t backends = records_.read32(at);
    const std::uint32_t cumulative = records_.read32(at + 4);
    if (backends != shape_.route_backends[route] || !records_.take(cumulative, 8ull * backends)) {
      return refuse("a route", at);
    }
    std::uint64_t sum = 0;
    for (std::uint32_t i = 0; i < backends; ++i) {
      const std::uint64_t next = records_.read64(cumulative + 8ull * i);
      if (next < sum) return refuse("a route's weights", at);
      sum = next;
    }
  }
  return {};
}

Result<void> TablesChecker::check_masks() {
  const std::uint64_t words = h_.destination_words;
  if (h_.masks < 2 || !records_.take(h_.mask_table, 8 * words * h_.masks)) {
    return refuse("the masks", h_.mask_table);
  }
  const std::uint32_t spare = shape_.destinations % 64;
  for (std::uint32_t mask = 0; spare != 0 && mask < h_.masks; ++mask) {
    const std::uint64_t last = h_.mask_table + 8 * (words * mask + words - 1);
    if (records_.read64(last) >> spare != 0) return refuse("a mask", last);
  }
  return {};
}

Result<void> TablesChecker::check_cells() {
  if (h_.cells_form > kCellsBits || h_.cell_bits > 31) return refuse("cells", h_.cell_table);
  const bool hashed = h_.cells_form == kCellsHashed;
  const std::uint64_t cells =
      hashed ? 1ull << h_.cell_bits : std::uint64_t{h_.keys} * h_.source_classes;
  if (h_.cells_form == kCellsBits) {  // any bits are sound
    if (h_.masks < 2 || !records_.take(h_.cell_table, (cells + 7) / 8)) {
      return refuse("the cells", h_.cell_table);
    }
    return {};
  }
  const std::uint64_t size = hashed ? sizeof(CellRecord) : 4;
  if (cells > 0xffffffff || !records_.take(h_.cell_table, size * cells)) {
    return refuse("the cells", h_.cell_table);
  }
  if (hashed && h_.cell_probes > cells) return refuse("cell probes", h_.cell_table);
  for (std::uint64_t i = 0; i < cells; ++i) {
    const std::uint64_t at = h_.cell_table + size * i;
    if (hashed && records_.read32(at) == kNoKey) continue;
    if (records_.read32(at + size - 4) >= h_.masks) return refuse("a cell", at);
  }
  return {};
}

Result<void> TablesChecker::check_slots() {
  if (!records_.take(h_.slot_table, sizeof(SlotRecord) * std::uint64_t{h_.slots})) {
    return refuse("the header slots", h_.slot_table);
  }
  std::uint64_t words = 0;
  for (std::uint32_t slot = 0; slot < h_.slots; ++slot) {
    const std::uint64_t at = h_.slot_table + sizeof(SlotRecord) * slot;
    if (records_.read32(at) != words) return refuse("a header slot's words", at);
    slot_words_.push_back(records_.read32(at + 4));
    words += slot_words_.back();
  }
  if (words != h_.header_words) return refuse("header words", h_.slot_table);
  for (std::uint32_t slot = 0; slot < h_.slots; ++slot) {
    const std::uint64_t at = h_.slot_table + sizeof(SlotRecord) * slot;
    ProgramChecker program(records_, h_.byte_classes, [&](std::uint32_t set) {
      return check_patterns(set, slot_words_[slot]);
    });
    auto checked = check_roots(records_.read32(at + 12), records_.read32(at + 8), program);
    if (!checked) return checked;
    checked = check_needles(records_.read32(at + 16), slot_words_[slot]);
    if (!checked) return checked;
  }
  return {};
}

Result<void> TablesChecker::check_needles(std::uint32_t at, std::uint32_t words) {
  if (at == 0) return {};
  if (!records_.take(at, 4 * 64ull * words)) return refuse("a header slot's needles", at);
  for (std::uint64_t i = 0; i < 64ull * words; ++i) {
    const std::uint32_t needle = records_.read32(at + 4 * i);
    if (needle == 0) continue;
    if (!records_.take(needle, sizeof(NeedleRecord))) return refuse("a needle", needle);
    const std::uint32_t size = records_.read32(needle);
    if (size == 0 || size > kMaxNeedle || !records_.take(needle + sizeof(NeedleRecord), size)) {
      return refuse("a needle", needle);
    }
  }
  return {};
}

Result<void> TablesChecker::check_roots(std::uint64_t roots, std::uint32_t count,
                                        ProgramChecker& program) {
  if (!records_.take(roots, 4ull * count)) return refuse("roots", roots);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (auto checked = program.check(records_.read32(roots + 4ull * i)); !checked) return checked;
  }
  return program.check_progress();
}

Result<void> TablesChecker::check_patterns(std::uint32_t at, std::uint32_t words) {
  if (!records_.take(at, 4)) return refuse("a pattern set", at);
  const std::uint32_t count = records_.read32(at);
  if (!records_.take(at + 4ull, sizeof(PatternWord) * std::uint64_t{count})) {
    return refuse("a pattern set", at);
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint64_t pair = at + 4ull + sizeof(PatternWord) * i;
    if (records_.read32(pair) >= words) return refuse("a pattern set's word", pair);
  }
  return {};
}

// ---- leaves ------------------------------------------------------------------------------------

Result<void> TablesChecker::check_leaf(std::uint32_t at) {
  if (at & kLeafInline) return check_number(inline_outcome(at), at);
  if (!leaves_.insert(at).second) return {};
  if (!records_.take(at, sizeof(LeafRecord))) return refuse("a leaf", at);
  const std::uint32_t entries = records_.read16(at), triggers = records_.read16(at + 2);
  if (entries == kTestLeaf) return check_test_leaf(at);
  const std::uint64_t size = sizeof(EntryRecord) * entries + sizeof(TriggerRecord) * triggers;
  if (!records_.take(at + sizeof(LeafRecord), size)) return refuse("a leaf", at);
  std::uint64_t record = at + sizeof(LeafRecord);
  for (std::uint32_t i = 0; i < entries; ++i, record += sizeof(EntryRecord)) {
    if (records_.read16(record + 2) != 0) return refuse("a leaf's entry", record);
    auto checked = check_number(records_.read32(record + 4), record);
    if (!checked) return checked;
  }
  for (std::uint32_t i = 0; i < triggers; ++i, record += sizeof(TriggerRecord)) {
    if (auto checked = check_trigger(record); !checked) return checked;
  }
  return check_list(records_.read32(at + 4));
}

Result<void> TablesChecker::check_test_leaf(std::uint32_t at) {
  if (!records_.take(at + sizeof(LeafRecord), sizeof(TestLeafRecord) - sizeof(LeafRecord))) {
    return refuse("a leaf", at);
  }
  const std::uint32_t slot = records_.read16(at + 4);
  if (slot >= h_.slots || records_.read16(at + 6) / 64u >= slot_words_[slot]) {
    return refuse("a leaf's header pattern", at);
  }
  return check_number(records_.read32(at + 8), at);
}

// Each record of a list lies before the one that leads to it, so lists end.
Result<void> TablesChecker::check_list(std::uint32_t at) {
  while (at != 0 && lists_.insert(at).second) {
    if (!records_.take(at, sizeof(ListRecord))) return refuse("a list", at);
    const std::uint32_t leaf = records_.read32(at), next = records_.read32(at + 4);
    if (next >= at) return refuse("a list that does not end", at);
    if (auto checked = check_leaf(leaf); !checked) return checked;
    const bool record = (leaf & kLeafInline) == 0 && records_.read16(leaf) != kTestLeaf;
    if (record && records_.read32(leaf + 4) != 0) return refuse("a list's leaf", at);
    at = next;
  }
  return {};
}

Result<void> TablesChecker::check_trigger(std::uint64_t at) {
  if (auto checked = check_word(at); !checked) return checked;
  const std::uint32_t count = std::popcount(records_.read64(at + 8));
  const std::uint32_t bits = records_.read32(at + 20);
  if (!records_.take(bits, 4ull * count)) return refuse("a trigger", at);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (auto checked = check_conditions(records_.read32(bits + 4ull * i)); !checked) return checked;
  }
  return {};
}

Result<void> TablesChecker::check_conditions(std::uint32_t at) {
  if (!conditions_.insert(at).second) return {};
  if (!records_.take(at, 4)) return refuse("conditions", at);
  std::uint64_t record = at + 4ull;
  for (std::uint32_t left = records_.read32(at); left != 0; --left) {
    if (!records_.take(record, sizeof(EntryRecord))) return refuse("a condition", record);
    const std::uint32_t needs = records_.read16(record + 2);
    auto checked = check_number(records_.read32(record + 4), record);
    if (!checked) return checked;
    record += sizeof(EntryRecord);
    if (!records_.take(record, sizeof(NeedRecord) * needs)) return refuse("a condition", record);
    for (std::uint32_t i = 0; i < needs; ++i, record += sizeof(NeedRecord)) {
      if (auto checked = check_word(record); !checked) return checked;
    }
  }
  return {};
}

// (slot, word) of a trigger or a need.
Result<void> TablesChecker::check_word(std::uint64_t at) {
  const std::uint32_t slot = records_.read32(at);
  if (slot >= h_.slots || records_.read32(at + 4) >= slot_words_[slot]) {
    return refuse("a header word", at);
  }
  return {};
}

Result<void> TablesChecker::check_outcomes(std::uint64_t at, std::uint64_t count) {
  if (!records_.take(at, sizeof(OutcomeRecord) * count)) return refuse("the outcomes", at);
  for (; count != 0; --count, at += sizeof(OutcomeRecord)) {
    if (records_.read32(at) >= h_.routes) return refuse("a route's number", at);
    const std::uint32_t row = records_.read32(at + 4);
    if (row == 0) continue;
    if (auto checked = check_row(row); !checked) return checked;
  }
  return {};
}

Result<void> TablesChecker::check_number(std::uint32_t outcome, std::uint64_t at) {
  return outcome < h_.outcomes ? Result<void>{} : refuse("an outcome's number", at);
}

Result<void> TablesChecker::check_row(std::uint32_t at) {
  for (; terms_.insert(at).second; at += sizeof(TermRecord)) {
    if (!records_.take(at, sizeof(TermRecord))) return refuse("a row", at);
    const std::uint32_t key = records_.read32(at), mask = records_.read32(at + 4);
    if ((key != kEverySource && key >= h_.keys) || (mask & ~kLastTerm) >= h_.masks) {
      return refuse("a row's term", at);
    }
    if (mask & kLastTerm) break;
  }
  return {};
}

}  // namespace

Result<void> check_tables(std::span<const std::uint8_t> tables, const Shape& shape) {
  if (tables.size() < sizeof(TablesHeader) + kTablesPadding || tables.size() >= kLeafInline) {
    return fail("the tables are not sound: " + std::to_string(tables.size()) + " bytes");
  }
  const Records records(tables);
  if (records.read32(offsetof(TablesHeader, magic)) != kTablesMagic ||
      records.read32(offsetof(TablesHeader, size)) != tables.size()) {
    return fail("the tables are not sound: no such block");
  }
  const std::uint32_t version = records.read32(offsetof(TablesHeader, version));
  if (version != kTablesVersion) {
    return fail("the tables have version " + std::to_string(version) + ", this is version " +
                std::to_string(kTablesVersion));
  }
  return TablesChecker(tables, shape).check();
}

}  // namespace smic::contract
