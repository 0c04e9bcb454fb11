// SPDX-License-Identifier: Apache-2.0
// Who enforces what: as proxies say it, as replicas tell each other, and as whoever asks gets it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "contract/state_stream.h"

namespace smic::distribution {

using Clock = std::chrono::system_clock;

struct Acknowledged {
  std::string node;
  std::uint64_t epoch = 0, version = 0;
  std::string refused;  // why; empty = enforced
};

struct NodeStatus {
  std::string node;
  unsigned streams = 0;                    // 0 = not connected
  std::uint64_t epoch = 0, version = 0;    // enforced; 0 = nothing was said so far
  std::optional<Clock::time_point> since;  // enforced
  std::optional<Clock::time_point> heard;  // anything
  std::uint64_t refused_epoch = 0, refused_version = 0;
  std::string refused;     // why; empty = nothing was refused since
  std::string target;      // of the code that it runs; "portable" = none; empty = not known
  bool current = false;    // it enforces what is now
  bool elsewhere = false;  // it follows another replica, which says so

  bool followed() const { return streams > 0 || elsewhere; }
};

struct Status {
  std::uint64_t epoch = 0, version = 0;  // of what is now; 0 = nothing yet
  std::vector<NodeStatus> nodes;  // sorted; those that have pods, and those that were heard of
};

// What a replica tells others of the nodes that follow it.
struct Report {
  contract::Hash mesh{};          // of its state
  std::set<std::string> current;  // they enforce it
  std::set<std::string> behind;

  bool operator==(const Report&) const = default;
};

std::string to_json(const Status& status);
Result<Status> status_from_json(std::string_view json);

}  // namespace smic::distribution
