// SPDX-License-Identifier: Apache-2.0
// A bit form as the one op of its program: what it refers to first, the op behind.
// Tested by tests/unit/decision/bits_test.cpp.
#include "base/check.h"
#include "compiler/decision/program.h"

namespace smic::decision {
namespace {

std::uint32_t write_follow(TableWriter& out, const automata::BitForm::Follow& follow) {
  const std::uint32_t at = out.position();
  out.put32((follow.matched ? contract::kFollowMatched : 0) |
            (follow.at_end ? contract::kFollowAtEnd : 0));
  out.put32(static_cast<std::uint32_t>(follow.runs.size()));
  for (const automata::BitForm::Run& run : follow.runs) {
    out.put32(run.first);
    out.put32(run.count);
  }
  return at;
}

}  // namespace

std::uint32_t write_bits(TableWriter& out, const automata::BitForm& form, std::uint32_t result) {
  SMIC_CHECK(form.follow_of.size() <= contract::kMaxBitPositions,
             "a bit form is larger than the tables allow");
  std::vector<std::uint32_t> follows;
  for (const automata::BitForm::Follow& follow : form.follows) {
    follows.push_back(write_follow(out, follow));
  }
  const std::uint32_t follow_of = out.position();
  for (const std::uint32_t follow : form.follow_of) out.put32(follows[follow]);
  const std::uint32_t masks = out.position();
  for (const std::uint64_t word : form.masks) out.put64(word);

  const std::uint32_t op = out.position();
  out.put32(static_cast<std::uint32_t>(contract::Op::kBits));
  out.put32(result);
  out.put32(static_cast<std::uint32_t>(form.follow_of.size()));
  out.put32(follows[0]);
  out.put32(follow_of);
  out.put32(masks);
  for (const std::uint8_t byte_class : form.class_of) out.put8(byte_class);
  return op;
}

}  // namespace smic::decision
