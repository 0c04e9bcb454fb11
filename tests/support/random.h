// SPDX-License-Identifier: Apache-2.0
// Pseudo-random choices that are the same on every machine for the same seed (splitmix64), which
// the standard's distributions are not. Tests print their seed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>

namespace smic::test {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t x = state_ += 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
  }

  std::size_t below(std::size_t bound) { return next() % bound; }  // bound > 0
  bool chance(unsigned percent) { return below(100) < percent; }

  template <class Items>
  const auto& pick(const Items& items) {
    return *std::next(std::begin(items), static_cast<std::ptrdiff_t>(below(std::size(items))));
  }

 private:
  std::uint64_t state_;
};

}  // namespace smic::test
