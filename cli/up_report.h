// SPDX-License-Identifier: Apache-2.0
// What `smic up` tells a person about a manifest: the table of mesh names at the start, and after
// an edit what became different. Text only; up.cpp decides when.
#pragma once

#include <string>

#include "contract/contract.h"

namespace smic::cli {

inline constexpr std::size_t kMostRows = 40;  // of a table; /addresses has them all

// MESH NAME, ADDRESS and ROUTES, a row per unit, then who may be played by binding which address.
std::string table_of(const contract::Manifest& manifest);

// A line per unit that is new, gone or different, with what its routes are now. Empty = only pods.
std::string changes_between(const contract::Manifest& before, const contract::Manifest& after);

std::string mesh_name(const std::string& service);  // "shop/web" → "web.shop.mesh"

}  // namespace smic::cli
