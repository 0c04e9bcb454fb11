// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/contract/choose_image_test.cpp.
#include <algorithm>

#include "contract/manifest.h"

namespace smic::contract {

const std::string& image_for(const Unit& unit, std::span<const std::string> targets) {
  for (const std::string& target : targets) {
    const auto found = std::ranges::find(unit.native, target, &NativeImage::target);
    if (found != unit.native.end()) return found->digest;
  }
  return unit.image;
}

}  // namespace smic::contract
