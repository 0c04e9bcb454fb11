// SPDX-License-Identifier: Apache-2.0
// A decision in, an image out. LLVM's compiling half has its door here; no type of it leaves.
//
// The kernel (contract/kernel.h) is compiled to bitcode for every target when smic itself is built.
// Per unit, codegen emits LLVM IR for smic_v1_match and smic_v1_split, puts the tables in a
// constant, links the kernel in, specialises it for this unit's shape, optimises with its own short
// pass list, and emits an ELF object with nothing but text and read-only data. Data for large
// automata, code for the shape. Deterministic: no addresses, times or paths in the output.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "compiler/decision/decision.h"
#include "contract/image.h"

namespace smic::codegen {

// Known targets; the first is this machine's baseline.
const std::vector<std::string>& targets();

std::string emit_llvm(const decision::Decision& decision,
                      std::string_view target);  // after optimising
std::string emit_assembly(const decision::Decision& decision, std::string_view target);
Result<contract::Bytes> emit_object(const decision::Decision& decision, std::string_view target);
Result<contract::Bytes> emit_image(const decision::Decision& decision, std::string_view target);

}  // namespace smic::codegen
