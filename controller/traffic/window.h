// SPDX-License-Identifier: Apache-2.0
// The traffic of the last minutes. Proxies count since they began; what was added between two
// readings happened then, and is kept with its time, until it is too old.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <string>

#include "contract/edges.h"

namespace smic::traffic {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;

inline constexpr std::chrono::minutes kKept{15};  // the longest window
// Readings older than this are put together, so that many edges cost no more for long windows.
inline constexpr std::chrono::minutes kFine{2};
inline constexpr std::chrono::seconds kCoarse{30};

class Window {
 public:
  explicit Window(Time begun) : begun_(begun) {}

  // What `proxy` (its address) says now. A proxy may be two for a while, one that ends and one that
  // begins: they tell themselves apart by their instance.
  void add(const std::string& proxy, const contract::EdgeReport& report, Time now);

  // visit(names, counts) for what happened after `since`; the same names may come several times.
  using Visit = std::function<void(const contract::EdgeNames&, const contract::EdgeCounts&)>;
  void each(Time since, const Visit& visit) const;

 private:
  using Counts = std::map<contract::EdgeNames, contract::EdgeCounts>;
  struct Slot {
    Time at;  // of its last reading
    Counts counts;
  };
  struct Reading {
    Counts counts;
    Time at;
  };

  void forget(Time now);
  void merge_old(Time now);

  Time begun_;
  std::deque<Slot> slots_;                                           // oldest first
  std::map<std::pair<std::string, std::string>, Reading> readings_;  // by proxy and instance
};

// a += b.
void add(contract::EdgeCounts& to, const contract::EdgeCounts& counts);

// The latency below which this share of the requests was, 0 < share < 1, in seconds; 0 = there were
// none. Between a bucket's ends it is taken to rise evenly.
double quantile(const contract::EdgeCounts& counts, double share);

}  // namespace smic::traffic
