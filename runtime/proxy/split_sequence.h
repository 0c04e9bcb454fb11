// SPDX-License-Identifier: Apache-2.0
// Entropy for split() that is fairer than chance (D-20): with weights that sum up to W, every W
// consecutive requests hit each backend exactly as often as its weight says, and within them the
// backends alternate as evenly as a golden-ratio walk spreads points.
//
// The walk visits the W cells of the unit interval with a stride coprime to W near W/φ, and hands
// out the middle of each cell, where no rounding of thresholds can matter. A Weyl sequence on the
// whole interval would need no W, but is fair only up to a few requests in a thousand. Each worker
// starts at a random cell, so that workers, and proxies, do not march in step.
#pragma once

#include <cstdint>
#include <numeric>

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
    stride_ = static_cast<std::uint64_t>(static_cast<double>(total) * 0.6180339887498949);
    if (stride_ == 0) stride_ = total == 1 ? 0 : 1;
    while (total > 1 && std::gcd(stride_, total) != 1) ++stride_;
  }

  std::uint64_t total_ = 0;
  std::uint64_t cell_ = 0;
  std::uint64_t stride_ = 0;
  std::uint64_t position_ = 0;
};

}  // namespace smic::proxy
