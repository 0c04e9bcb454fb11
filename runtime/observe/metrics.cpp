// SPDX-License-Identifier: Apache-2.0
#include "runtime/observe/metrics.h"

#include <algorithm>
#include <functional>

namespace smic::observe {

void Histogram::observe(std::chrono::nanoseconds duration) {
  const auto micros = static_cast<std::uint64_t>(duration.count() / 1000);
  std::size_t bucket = 0;
  while (bucket < kLatencyBounds.size() && micros > kLatencyBounds[bucket]) ++bucket;
  buckets[bucket].add();
  sum_micros.add(micros);
}

std::size_t WorkerMetrics::Hash::operator()(const RequestLabels& labels) const {
  const std::hash<std::string> hash;
  std::size_t mixed = hash(labels.source);
  for (const std::string* label : {&labels.destination, &labels.route, &labels.backend}) {
    mixed = mixed * 0x9e3779b97f4a7c15u + hash(*label);
  }
  return mixed;
}

RequestSeries& WorkerMetrics::series(const RequestLabels& labels) {
  if (const auto found = index_.find(labels); found != index_.end()) return *found->second;
  static const RequestLabels kOther{"other", "other", "other", "other"};
  if (series_.size() >= kMaxSeries && labels != kOther) return series(kOther);
  const std::lock_guard lock(mutex_);
  RequestSeries& made = series_.emplace_back();
  made.labels = labels;
  index_.emplace(labels, &made);
  return made;
}

}  // namespace smic::observe
