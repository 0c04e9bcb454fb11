// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/traffic/window_test.cpp.
#include "controller/traffic/window.h"

#include <algorithm>

#include "contract/latency.h"

namespace smic::traffic {
namespace {

using contract::EdgeCounts;
using Latency = std::vector<std::pair<std::uint32_t, std::uint64_t>>;

Latency sum_of(const Latency& a, const Latency& b) {
  Latency sum;
  auto one = a.begin(), other = b.begin();
  while (one != a.end() || other != b.end()) {
    if (other == b.end() || (one != a.end() && one->first < other->first)) {
      sum.push_back(*one++);
    } else if (one == a.end() || other->first < one->first) {
      sum.push_back(*other++);
    } else {
      sum.emplace_back(one->first, one->second + other->second);
      ++one, ++other;
    }
  }
  return sum;
}

bool went_back(const EdgeCounts& before, const EdgeCounts& now) {
  return now.success < before.success || now.failure < before.failure;
}

// Counts only grow. A series that was let go of and made again begins at zero.
EdgeCounts growth(const EdgeCounts& before, const EdgeCounts& now) {
  if (went_back(before, now)) return now;
  EdgeCounts grown{now.success - before.success, now.failure - before.failure, {}};
  auto old = before.latency.begin();
  for (const auto& [bucket, count] : now.latency) {
    while (old != before.latency.end() && old->first < bucket) ++old;
    const bool known = old != before.latency.end() && old->first == bucket;
    const std::uint64_t less = known ? std::min(old->second, count) : 0;
    if (count > less) grown.latency.emplace_back(bucket, count - less);
  }
  return grown;
}

bool is_empty(const EdgeCounts& counts) { return counts.success == 0 && counts.failure == 0; }

}  // namespace

void add(EdgeCounts& to, const EdgeCounts& counts) {
  to.success += counts.success;
  to.failure += counts.failure;
  to.latency = sum_of(to.latency, counts.latency);
}

// The first words of an instance are all news if it began after we did; otherwise they are
// history.
void Window::add(const std::string& proxy, const contract::EdgeReport& report, Time now) {
  const auto [reading, is_new] = readings_.try_emplace({proxy, report.instance});
  const bool is_history = is_new && std::chrono::milliseconds(report.age_millis) > now - begun_;
  Slot slot{now, {}};
  for (const auto& [names, counts] : report.edges) {
    if (is_history) break;
    const auto before = reading->second.counts.find(names);
    EdgeCounts grown =
        before == reading->second.counts.end() ? counts : growth(before->second, counts);
    if (!is_empty(grown)) slot.counts.emplace(names, std::move(grown));
  }
  reading->second = {Counts(report.edges.begin(), report.edges.end()), now};
  if (!slot.counts.empty()) slots_.push_back(std::move(slot));
  forget(now);
  merge_old(now);
}

void Window::each(Time since, const Visit& visit) const {
  for (const Slot& slot : slots_) {
    if (slot.at <= since) continue;
    for (const auto& [names, counts] : slot.counts) visit(names, counts);
  }
}

void Window::forget(Time now) {
  while (!slots_.empty() && slots_.front().at <= now - kKept) slots_.pop_front();
  std::erase_if(readings_, [&](const auto& entry) { return entry.second.at <= now - kKept; });
}

// Slots are in the order of their times, so those to be put together are neighbours.
void Window::merge_old(Time now) {
  for (std::size_t i = 1; i < slots_.size() && slots_[i].at <= now - kFine;) {
    const bool same_stretch =
        slots_[i].at.time_since_epoch() / kCoarse == slots_[i - 1].at.time_since_epoch() / kCoarse;
    if (!same_stretch) {
      ++i;
      continue;
    }
    for (auto& [names, counts] : slots_[i].counts) {
      traffic::add(slots_[i - 1].counts[names], counts);
    }
    slots_[i - 1].at = slots_[i].at;
    slots_.erase(slots_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

double quantile(const EdgeCounts& counts, double share) {
  std::uint64_t total = 0;
  for (const auto& [bucket, count] : counts.latency) total += count;
  if (total == 0) return 0;
  const double wanted = share * static_cast<double>(total);
  double below = 0;
  for (const auto& [bucket, count] : counts.latency) {
    const auto size = static_cast<double>(count);
    if (below + size < wanted) {
      below += size;
      continue;
    }
    const auto floor = static_cast<double>(contract::latency_floor(bucket));
    const bool last = bucket + 1 >= contract::kLatencyBuckets;
    const double width =
        last ? 0 : static_cast<double>(contract::latency_floor(bucket + 1)) - floor;
    return (floor + width * (wanted - below) / size) / 1e6;
  }
  return 0;
}

}  // namespace smic::traffic
