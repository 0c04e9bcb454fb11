// SPDX-License-Identifier: Apache-2.0
// The steps inside codegen, this folder's own. LLVM's types are only named here.
//   read_code_shape     decision → what of it becomes code (code_shape.h)
//   build_module        that → LLVM IR for the two functions of the ABI, with emit_path for the
//                       programs of a path (path_code.h)
//   optimise            the same, smaller; only for units without patterns
//   write_machine_code  IR → a small ELF object, or assembly
//   link_object         that object + the kernel, if it is called + the tables → the unit's object
#pragma once

#include <memory>
#include <string>

#include "compiler/codegen/code_shape.h"
#include "compiler/codegen/targets.h"
#include "contract/image.h"

namespace llvm {
class LLVMContext;
class Module;
}  // namespace llvm

namespace smic::codegen {

std::unique_ptr<llvm::Module> build_module(const CodeShape& shape, const Target& target,
                                           llvm::LLVMContext& context);
void optimise(llvm::Module& module, const Target& target);
std::string print_module(const llvm::Module& module);

enum class Output { object, assembly };

// Quick is LLVM's code generator without optimising: for the path programs of 10 rules 5 ms of CPU
// instead of 35, for code as fast within a fifth, since what a decision waits for is mispredicted
// jumps (measured by tests/bench/bench_engines).
enum class Effort { quick, full };
std::string write_machine_code(llvm::Module& module, const Target& target, Output output,
                               Effort effort);

contract::Bytes link_object(const std::string& code, std::span<const std::uint8_t> tables,
                            const Target& target);

}  // namespace smic::codegen
