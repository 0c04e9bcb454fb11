// SPDX-License-Identifier: Apache-2.0
#include "runtime/observe/edges.h"

namespace smic::observe {

std::shared_ptr<EdgeSeries> EdgeTable::series(const contract::EdgeNames& names,
                                              std::chrono::steady_clock::time_point now) {
  if (const auto found = series_.find(names); found != series_.end()) return found->second;
  if (series_.size() >= kMaxEdges) forget(now - kForgetEdgesAfter);
  // What there is no room for is counted still, as nobody's.
  const contract::EdgeNames& kept = series_.size() < kMaxEdges ? names : contract::EdgeNames{};
  const std::lock_guard lock(mutex_);
  std::shared_ptr<EdgeSeries>& made = series_[kept];
  if (!made) made = std::make_shared<EdgeSeries>();
  made->used = now;
  return made;
}

void EdgeTable::forget(std::chrono::steady_clock::time_point before) {
  const std::lock_guard lock(mutex_);
  std::erase_if(series_, [&](const auto& entry) {
    return entry.second.use_count() == 1 && entry.second->used < before;
  });
}

void EdgeTable::add_to(Sums& sums) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [names, series] : series_) {
    std::array<std::uint64_t, contract::kLatencyBuckets> buckets{};
    contract::EdgeCounts& sum = sums[names];
    for (const auto& [bucket, count] : sum.latency) buckets[bucket] = count;
    for (std::size_t i = 0; i < buckets.size(); ++i) buckets[i] += series->latency[i].value();
    sum.success += series->success.value();
    sum.failure += series->failure.value();
    sum.latency.clear();
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      if (buckets[i] > 0) sum.latency.emplace_back(static_cast<std::uint32_t>(i), buckets[i]);
    }
  }
}

}  // namespace smic::observe
