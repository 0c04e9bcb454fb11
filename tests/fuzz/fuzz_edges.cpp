// SPDX-License-Identifier: Apache-2.0
// Any bytes as a proxy's report of its edges: refused, or read, written and read again as the same.
#include <cstdint>

#include "base/check.h"
#include "contract/edges.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace smic::contract;
  const auto report = edges_from_json(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!report) return 0;
  const auto again = edges_from_json(to_json(*report));
  SMIC_CHECK(again.has_value() && *again == *report, "a report reads back differently");
  return 0;
}
