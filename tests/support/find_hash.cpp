// SPDX-License-Identifier: Apache-2.0
#include "tests/support/find_hash.h"

#include <cstring>

#include "contract/tables.h"

namespace smic::test {

std::uint32_t hash_in(std::span<const std::uint8_t> tables) {
  using namespace contract;
  const auto word = [&](std::uint64_t at) {
    std::uint32_t value = 0;
    std::memcpy(&value, tables.data() + at, sizeof value);
    return value;
  };
  for (std::uint64_t at = sizeof(TablesHeader); at + kHashHeader < tables.size(); at += 4) {
    const std::uint32_t bits = tables[at + 2], segments = tables[at + 3];
    if (tables[at] != static_cast<std::uint8_t>(Op::kHash) || segments == 0 ||
        segments > kMaxSegments || bits < kMinShiftBits || bits > kMaxShiftBits) {
      continue;
    }
    const std::uint64_t slots = word(at + 12), prefixes = word(at + 16), stride = word(at + 20);
    const std::uint64_t first = word_table(static_cast<std::uint32_t>(at), bits);
    const std::uint64_t end = first + sizeof(WordSlot) * slots + prefixes * stride;
    if (slots < 16 || prefixes == 0 || prefixes > slots || stride == 0 || stride > kMaxStride ||
        end > tables.size()) {
      continue;
    }
    bool sound = true;
    for (std::uint64_t i = 0; i < slots; ++i) {
      const std::uint32_t text = word(first + sizeof(WordSlot) * i + 8);
      const std::uint32_t size = text & 0xff;
      sound = sound && text >> 8 < prefixes && (size <= kMaxWord || size == kNoWord);
    }
    if (sound) return static_cast<std::uint32_t>(at);
  }
  return 0;
}

}  // namespace smic::test
