// SPDX-License-Identifier: Apache-2.0
// How long requests took, in buckets that proxies count in and controllers add up: four to each
// power of two, so that a quantile read off them is off by an eighth at most, from 64 microseconds
// to 67 seconds. Everybody has the same buckets, so the sum of many proxies' is exact.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace smic::contract {

inline constexpr unsigned kLatencyFirstPower = 6;  // 2^6 = 64 us: below is the first bucket
inline constexpr unsigned kLatencyLastPower = 26;  // 2^26 us = 67 s: above is the last one
inline constexpr std::size_t kLatencyBuckets = 4 * (kLatencyLastPower - kLatencyFirstPower) + 2;

constexpr std::size_t latency_bucket(std::uint64_t micros) {
  const unsigned power = micros == 0 ? 0 : static_cast<unsigned>(std::bit_width(micros)) - 1;
  if (power < kLatencyFirstPower) return 0;
  if (power >= kLatencyLastPower) return kLatencyBuckets - 1;
  return 1 + 4 * (power - kLatencyFirstPower) + (micros >> (power - 2) & 3);
}

// The least that a bucket holds; it ends where the next begins.
constexpr std::uint64_t latency_floor(std::size_t bucket) {
  if (bucket == 0) return 0;
  const auto power = kLatencyFirstPower + static_cast<unsigned>((bucket - 1) / 4);
  return std::uint64_t{4 + (bucket - 1) % 4} << (power - 2);
}

}  // namespace smic::contract
