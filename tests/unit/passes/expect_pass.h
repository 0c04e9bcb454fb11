// SPDX-License-Identifier: Apache-2.0
// A pass tested text to text: statements before, statements after. The unit around them and the
// last route are the same everywhere; origins are left out.
#pragma once

#include <string>
#include <string_view>

#include "compiler/passes/passes.h"

namespace smic::test {

// `statements` in a unit x/svc:80 that ends in `route … -> x/svc:80`.
ir::Unit unit_with(std::string_view statements);
ir::Unit permissive_unit_with(std::string_view statements);

ir::Unit run_pass(std::string_view pass, ir::Unit unit);

// Runs the one pass and compares. Declarations (source, match) that a pass leaves alone need not be
// repeated: `after` is read below the declarations of `before`.
void expect_pass(std::string_view pass, std::string_view declarations, std::string_view before,
                 std::string_view after);

}  // namespace smic::test
