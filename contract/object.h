// SPDX-License-Identifier: Apache-2.0
// What the ELF object of an image may be: text and read-only data, complete in itself. One text for
// both sides of the contract: codegen holds its own output against it (a refusal there is our bug),
// the loader every image before a linker sees it. Deliberately without LLVM, so that a hostile
// object meets a small checker first and the linker only what passed.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "base/result.h"

namespace smic::contract {

inline constexpr std::size_t kMaxObjectSections = 64;
inline constexpr std::size_t kMaxObjectSymbols = 4096;
inline constexpr std::size_t kMaxSectionAlignment = 4096;

struct ObjectLayout {
  std::span<const std::byte> tables;  // of smic_v1_tables, inside the object
};

Result<ObjectLayout> check_object(std::span<const std::byte> object, std::string_view target);

}  // namespace smic::contract
