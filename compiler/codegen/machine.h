// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compiler/codegen/targets.h"

namespace llvm {
class TargetMachine;
}

namespace smic::codegen {

// LLVM's code generator for a target: one per thread and target, made on first use, since making
// one costs more than compiling a small unit.
llvm::TargetMachine& machine_for(const Target& target);

}  // namespace smic::codegen
