// SPDX-License-Identifier: Apache-2.0
// Part of kernel.cpp: programs, op by op.
#pragma once

#include "contract/kernel_bits.h"
#include "contract/kernel_ops.h"
#include "contract/kernel_words.h"

namespace smic::contract {
namespace {

// Runs the program from `ref` over the subject; the result's offset, or 0.
SMIC_INLINE uint32_t run_program(Tables t, uint32_t ref, Slice subject) {
  uint8_t copy[8];
  Subject s = make_subject(subject, copy);
  while (!(ref & kRefFinal)) {
    const uint32_t offset = ref & ~kRefTags;
    const uint32_t bits = load32(t + offset);
    const Op kind = static_cast<Op>(bits & kOpKind);
    if (kind == Op::kNode) {
      ref = run_node(t, offset, bits, s);
    } else if (kind == Op::kSpan) {
      ref = run_span(t, offset, bits, s);
    } else if (kind == Op::kLast) {
      ref = run_last(t, offset, bits, s);
    } else if (kind == Op::kEnd) {
      ref = run_end(t, offset, bits, s);
    } else if (kind == Op::kStep) {
      ref = run_step(t, offset, bits, s);
    } else if (kind == Op::kBits) {
      ref = run_bits(t, offset, s);
    } else if (kind == Op::kMap) {
      ref = run_map(t, offset, bits, s);
    } else {
      ref = run_hash(t, offset, bits, s);
    }
  }
  const uint32_t result = ref & ~kRefTags;
  return result == kResultOfWord ? s.result : result;
}

}  // namespace
}  // namespace smic::contract
