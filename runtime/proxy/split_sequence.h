// SPDX-License-Identifier: Apache-2.0
// Entropy for split() that is fairer than chance (D-20): with weights that sum up to W, every W
// consecutive requests hit each backend exactly as often as its weight says, and within them the
// backends alternate as evenly as a golden-ratio walk spreads points.
//
// The walk visits the W cells of the unit interval with a stride coprime to W near W/φ, and hands
// out the middle of each cell, where no rounding of thresholds can matter. Coprime and near is not
// enough: 619 of 1000 lets a backend get ten requests ahead. What spreads points evenly is a small
// sum of the partial quotients of stride/W (the golden ratio's are all 1), so the neighbour with
// the smallest is taken; then no backend is ever ahead by more than three. A Weyl sequence on the
// whole interval would need no W, but is not exact after W requests. Each worker starts at a random
// cell, so that workers, and proxies, do not march in step.
//
// Tested by tests/unit/proxy/split_sequence_test.cpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

namespace smic::proxy {

class SplitSequence {
 public:
  // `total` is the sum of the weights, above zero; `random` is used when it changes.
  std::uint64_t next(std::uint64_t total, std::uint64_t random) {
    if (total != total_) restart(total, random);
    position_ += stride_;
    if (position_ >= total_) position_ -= total_;
    return position_ * cell_ + cell_ / 2;
  }

 private:
  void restart(std::uint64_t total, std::uint64_t random) {
    total_ = total;
    cell_ = total == 1 ? ~std::uint64_t{0} : ~std::uint64_t{0} / total;
    position_ = random % total;
    stride_ = total == 1 ? 0 : best_stride(total);
  }

  // The sum of the partial quotients of stride/total, or the most if they have a common divisor.
  static std::uint64_t unevenness(std::uint64_t stride, std::uint64_t total) {
    std::uint64_t sum = 0;
    while (stride != 0) {
      sum += total / stride;
      total = std::exchange(stride, total % stride);
    }
    return total == 1 ? sum : ~std::uint64_t{0};
  }

  static std::uint64_t best_stride(std::uint64_t total) {
    constexpr std::uint64_t kReach = 32;
    const auto golden = static_cast<std::uint64_t>(static_cast<double>(total) * 0.6180339887498949);
    std::uint64_t best = 1;
    const std::uint64_t last = std::min(total - 1, golden + kReach);
    for (std::uint64_t stride = golden > kReach ? golden - kReach : 1; stride <= last; ++stride) {
      if (unevenness(stride, total) < unevenness(best, total)) best = stride;
    }
    return best;
  }

  std::uint64_t total_ = 0;
  std::uint64_t cell_ = 0;
  std::uint64_t stride_ = 0;
  std::uint64_t position_ = 0;
};

}  // namespace smic::proxy
