// SPDX-License-Identifier: Apache-2.0
// The last check that can be the user's fault: could an image hold the unit? For compile.cpp only.
#pragma once

#include <vector>

#include "compiler/diagnostics/diagnostics.h"
#include "compiler/ir/ir.h"

namespace smic {

// Reports units that are beyond the limits of contract/image.h (E59), at the line that goes too
// far, and leaves them out: so they are denied, and the others still compile.
void leave_out_what_no_image_holds(std::vector<ir::Unit>& units, const Sources& sources,
                                   Diagnostics& diagnostics);

}  // namespace smic
