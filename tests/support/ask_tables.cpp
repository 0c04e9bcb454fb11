// SPDX-License-Identifier: Apache-2.0
#include "tests/support/ask_tables.h"

#include <string_view>
#include <vector>

#include "contract/kernel.h"

namespace smic::test {
namespace {

bool in_shape(const contract::Verdict& verdict, const contract::Shape& shape) {
  if (verdict.route >= shape.route_backends.size()) return false;
  for (std::uint32_t w = 0; w < contract::kDestinationWords; ++w) {
    const std::uint32_t below = shape.destinations > 64 * w ? shape.destinations - 64 * w : 0;
    if (below < 64 && verdict.allowed[w] >> below != 0) return false;
  }
  return true;
}

}  // namespace

bool answers_in_shape(const std::uint8_t* tables, const contract::Shape& shape) {
  const contract::Slice lines[] = {{"a bot, not Firefox/120", 22}, {"on", 2}, {"", 0}};
  const std::vector<contract::HeaderSlot> slots(shape.header_slots.size(), {lines, 3});
  for (const std::string_view path :
       {"", "/", "/reviews/17", "/reviews/me", "/abcdefghijK/aa", "/\xc4\x80x", "/\xc4", "/12/x",
        "/12/y", "/1", "/teams/team-174", "/teams/team-137/orders/7", "/teams/team-999/orders/7",
        "/teams/team-5", "/teams/"}) {
    for (std::uint32_t source = 0; source < shape.source_classes; ++source) {
      contract::Verdict verdict;
      const contract::RequestView view{{path.data(), path.size()}, slots.data(), 1, source};
      contract::smic_kernel_match(tables, &view, &verdict);
      if (!in_shape(verdict, shape)) return false;
    }
  }
  for (std::uint32_t route = 0; route < shape.route_backends.size(); ++route) {
    const std::uint32_t backend = contract::smic_kernel_split(tables, route, ~0ull);
    if (backend != contract::kNoBackend && backend >= shape.route_backends[route]) return false;
  }
  return true;
}

}  // namespace smic::test
