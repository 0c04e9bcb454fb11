// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace smic::contract {

// Which line of which resource decided: "TrafficSplit shop/reviews-canary", "split.yaml", 12.
struct Origin {
  std::string resource;
  std::string file;
  std::uint32_t line = 0;

  bool operator==(const Origin&) const = default;
};

}  // namespace smic::contract
