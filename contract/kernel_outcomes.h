// SPDX-License-Identifier: Apache-2.0
// Part of kernel.cpp: what an outcome adds to a verdict.
#pragma once

#include "contract/kernel_bytes.h"

namespace smic::contract {
namespace {

SMIC_INLINE uint32_t cell(Tables t, uint32_t key, uint32_t source_class) {
  const uint8_t* table = t + SMIC_HEADER(cell_table);
  const uint32_t form = SMIC_HEADER(cells_form);
  if (form != kCellsHashed) {
    const uint64_t index = uint64_t{key} * SMIC_HEADER(source_classes) + source_class;
    return form == kCellsDense ? load32(table + 4 * index) : table[index / 8] >> index % 8 & 1;
  }
  const uint32_t slots = (1u << SMIC_HEADER(cell_bits)) - 1;
  const uint32_t hash = cell_hash(key, source_class);
  for (uint32_t probe = 0; probe < SMIC_HEADER(cell_probes); ++probe) {
    const uint8_t* record = table + sizeof(CellRecord) * ((hash + probe) & slots);
    if (load32(record) == key && load32(record + 4) == source_class) return load32(record + 8);
    if (load32(record) == kNoKey) return 0;
  }
  return 0;
}

SMIC_INLINE void apply(Tables t, const uint8_t* outcome, uint32_t source_class, Verdict* verdict) {
  const uint32_t route = load32(outcome);
  if (route < verdict->route) verdict->route = route;
  const uint32_t row = load32(outcome + 4);
  if (row == 0) return;
  const uint32_t words = SMIC_HEADER(destination_words);
  const uint8_t* masks = t + SMIC_HEADER(mask_table);
  for (const uint8_t* term = t + row;; term += sizeof(TermRecord)) {
    const uint32_t key = load32(term);
    const uint32_t mask = load32(term + 4);
    const uint32_t held = key == kEverySource ? 1 : cell(t, key, source_class);
    for (uint32_t w = 0; w < words; ++w) {
      verdict->allowed[w] |= load64(masks + 8 * (words * (mask & ~kLastTerm) + w)) &
                             load64(masks + 8 * (words * held + w));
    }
    if (mask & kLastTerm) return;
  }
}

}  // namespace
}  // namespace smic::contract
