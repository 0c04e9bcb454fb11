// SPDX-License-Identifier: Apache-2.0
// A compiled unit as the bytes of a file, and back.
//
//   "smic-compiled 1\n"  SHA-256 of the key and of what follows  u32 size of the names  names, JSON
//   image
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "compiler/compile.h"

namespace smic::cache {

std::string entry_of(std::string_view key, const CompiledUnit& unit);

// None if it is anything but what entry_of() gave for this key.
std::optional<CompiledUnit> unit_of(std::string_view key, std::string_view entry);

}  // namespace smic::cache
