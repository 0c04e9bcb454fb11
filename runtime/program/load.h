// SPDX-License-Identifier: Apache-2.0
// Between load.cpp, which checks an image, and load_native.cpp, which links what was checked.
#pragma once

#include <memory>
#include <span>

#include "base/result.h"
#include "contract/abi.h"

namespace smic::program {

// Linked code. Unmapped when the last copy of `owner` goes.
struct NativeCode {
  std::shared_ptr<void> owner;
  contract::MatchFunction match = nullptr;
  contract::SplitFunction split = nullptr;
};

// `object` has passed contract::check_object() for a target that this machine can run.
Result<NativeCode> link_native(std::span<const std::byte> object);

}  // namespace smic::program
