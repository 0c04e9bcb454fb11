// SPDX-License-Identifier: Apache-2.0
// An op of kind bits: everything that it refers to is there, and no byte takes more steps than
// tables.h promises, which bounds the time of a subject.
// Tested by tests/unit/contract/check_tables_test.cpp and tests/fuzz/fuzz_tables.cpp.
#include <algorithm>
#include <array>

#include "contract/check_program.h"

namespace smic::contract {
namespace {

class BitsChecker {
 public:
  BitsChecker(Records& records, std::uint32_t at) : records_(records), at_(at) {}

  Result<void> check() {
    if (!records_.take(at_ + 4ull, sizeof(BitsRecord) - 4)) return refuse("bits", at_);
    positions_ = field(offsetof(BitsRecord, positions));
    words_ = (positions_ + 63) / 64;
    if (positions_ > kMaxBitPositions) return refuse("the positions of bits", at_);
    if (auto checked = check_follows(); !checked) return checked;
    return check_masks();
  }

 private:
  std::uint32_t field(std::uint64_t offset) const { return records_.read32(at_ + offset); }

  Result<void> check_follows() {
    const std::uint64_t follow_of = field(offsetof(BitsRecord, follow_of));
    if (!records_.take(follow_of, 4ull * positions_)) return refuse("what follows bits", at_);
    if (auto start = steps_of(field(offsetof(BitsRecord, start))); !start) {
      return std::unexpected(start.error());
    }
    for (std::uint32_t p = 0; p < positions_; ++p) {
      const auto steps = steps_of(records_.read32(follow_of + 4ull * p));
      if (!steps) return std::unexpected(steps.error());
      steps_.push_back(*steps);
    }
    return {};
  }

  // Of one record, checked when it is first met.
  Result<std::uint64_t> steps_of(std::uint32_t at) {
    if (const auto known = known_.find(at); known != known_.end()) return known->second;
    if (!records_.take(at, sizeof(FollowRecord))) return refuse("a follow record", at);
    const std::uint32_t flags = records_.read32(at), runs = records_.read32(at + 4ull);
    const std::uint64_t first_run = at + sizeof(FollowRecord);
    if ((flags & ~(kFollowMatched | kFollowAtEnd)) != 0 ||
        !records_.take(first_run, sizeof(BitRun) * std::uint64_t{runs})) {
      return refuse("a follow record", at);
    }
    std::uint64_t steps = 1;
    for (std::uint32_t i = 0; i < runs; ++i) {
      const std::uint64_t run = first_run + sizeof(BitRun) * i;
      const std::uint32_t first = records_.read32(run), count = records_.read32(run + 4);
      if (first > positions_ || count > positions_ - first) return refuse("a run of bits", run);
      steps += 1 + count / 64;
    }
    known_.emplace(at, steps);
    return steps;
  }

  Result<void> check_masks() {
    std::uint32_t classes = 0;
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t of = records_.read8(at_ + offsetof(BitsRecord, class_of) + byte);
      classes = std::max(classes, of + 1);
    }
    const std::uint64_t masks = field(offsetof(BitsRecord, masks));
    if (!records_.take(masks, 8ull * words_ * classes)) return refuse("the masks of bits", at_);
    for (std::uint32_t c = 0; c < classes; ++c) {
      std::uint64_t steps = words_;
      for (std::uint32_t p = 0; p < 64 * words_; ++p) {
        if ((records_.read64(masks + 8ull * (words_ * c + p / 64)) >> p % 64 & 1) == 0) continue;
        if (p >= positions_) return refuse("a mask of bits", masks);
        steps += steps_[p];
      }
      if (steps > kMaxBitSteps) return refuse("bits that take too long", at_);
    }
    return {};
  }

  Records& records_;
  std::uint64_t at_;
  std::uint32_t positions_ = 0;
  std::uint32_t words_ = 0;
  std::vector<std::uint64_t> steps_;  // per position
  std::unordered_map<std::uint32_t, std::uint64_t> known_;
};

}  // namespace

Result<void> ProgramChecker::check_bits(std::uint32_t at) {
  if (records_.read32(at) != static_cast<std::uint32_t>(contract::Op::kBits)) {
    return refuse("the head of bits", at);
  }
  if (auto checked = BitsChecker(records_, at).check(); !checked) return checked;
  return check_result(records_.read32(at + offsetof(BitsRecord, result)));
}

}  // namespace smic::contract
