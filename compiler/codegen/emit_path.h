// SPDX-License-Identifier: Apache-2.0
// LLVM IR for the programs of path_code.h: an op is a basic block or a few, a ref is a jump.
#pragma once

#include <cstdint>
#include <functional>

#include "compiler/codegen/path_code.h"

namespace llvm {
class BasicBlock;
class Function;
class Value;
}  // namespace llvm

namespace smic::codegen {

struct PathSubject {
  llvm::Value* data = nullptr;
  llvm::Value* end = nullptr;
};

// Emits into `function`, after the end of `from`, the program that starts at `root`. `leaf` gives
// the block of what the program ends with: an index into code.leaves + 1, or 0 for nothing.
// `tables` is the address of the unit's tables.
void emit_path(llvm::Function& function, llvm::BasicBlock* from, const PathCode& code, PathRef root,
               PathSubject subject, llvm::Value* tables,
               const std::function<llvm::BasicBlock*(std::uint32_t)>& leaf);

}  // namespace smic::codegen
