// SPDX-License-Identifier: Apache-2.0
// What the ops of a path program share: tests of a byte's class, and the loops over a subject. The
// loops are functions of their own, one per class in a unit, since they are what costs compile time
// (and would be spelled out once per op otherwise).
#pragma once

#include "compiler/codegen/path_code.h"

namespace llvm {
class Function;
class Value;
class IRBuilderBase;
}  // namespace llvm

namespace smic::codegen {

// i1: the class has the byte (an i8).
llvm::Value* emit_in_class(llvm::IRBuilderBase& build, const ByteBits& bytes, llvm::Value* byte);

// i1: the byte starts a sequence of several.
llvm::Value* emit_is_lead(llvm::IRBuilderBase& build, llvm::Value* byte);

// Each is made on first use, in the module of `beside` and with the attributes it has.
//   span(at, end, data) → ptr     behind the bytes of the class; null after a broken sequence
//   sequence(at, end) → ptr       behind the sequence whose lead byte is at `at`; null if broken
//   prefix(at, end, text, n) → ptr  the first byte that differs from the text, or where either ends
llvm::Function* span_function(llvm::Function& beside, const ByteBits& bytes, bool utf8);
llvm::Function* sequence_function(llvm::Function& beside);
llvm::Function* prefix_function(llvm::Function& beside);

}  // namespace smic::codegen
