// SPDX-License-Identifier: Apache-2.0
// A compiled unit as the bytes of a file, and back.
//
//   "smic-compiled 2\n"  SHA-256 of the key and of what follows, each with its size before it:
//   names, JSON; the image of its tables; images of code, in the order in which the names have them
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
