// SPDX-License-Identifier: Apache-2.0
// Who called whom, pod by pod: what the SMI metrics are made of (contract/edges.h). Like the other
// counters, each worker has its own, and a scrape adds them up.
//
// Pods come and go, so a table of their names would only grow: at its limit it lets go of those
// that nobody holds and that counted nothing for a while. A scraper sees a series that is gone as
// one that counted nothing.
#pragma once

#include <map>
#include <memory>

#include "contract/edges.h"
#include "contract/latency.h"
#include "runtime/observe/metrics.h"

namespace smic::observe {

inline constexpr std::size_t kMaxEdges = 4096;                // of a worker
inline constexpr std::chrono::minutes kForgetEdgesAfter{10};  // at the limit

struct EdgeSeries {
  Counter success, failure;
  std::array<Counter, contract::kLatencyBuckets> latency;
  std::chrono::steady_clock::time_point used;  // on the worker's own thread

  void count(bool good, std::chrono::steady_clock::time_point ended,
             std::chrono::nanoseconds took) {
    (good ? success : failure).add();
    const auto micros = static_cast<std::uint64_t>(took.count() / 1000);
    latency[contract::latency_bucket(micros)].add();
    used = ended;
  }
};

class EdgeTable {
 public:
  // Found or made; counts as long as it is held. On the worker's own thread.
  std::shared_ptr<EdgeSeries> series(const contract::EdgeNames& names,
                                     std::chrono::steady_clock::time_point now);

  using Sums = std::map<contract::EdgeNames, contract::EdgeCounts>;
  void add_to(Sums& sums) const;  // from any thread

 private:
  void forget(std::chrono::steady_clock::time_point before);

  mutable std::mutex mutex_;  // guards the map's shape, not the cells
  std::map<contract::EdgeNames, std::shared_ptr<EdgeSeries>> series_;
};

}  // namespace smic::observe
