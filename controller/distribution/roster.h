// SPDX-License-Identifier: Apache-2.0
// The nodes, and what they said: who enforces what, who refused what, and what other replicas say
// of theirs. For whoever holds the hub's lock.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "controller/distribution/status.h"

namespace smic::distribution {

// What is now, and who is there to enforce it.
struct Standing {
  std::uint64_t epoch = 0, version = 0;  // 0 = nothing yet
  contract::Hash mesh{};
  // By node, of those that have pods or a stream. Names are the hub's.
  std::map<std::string_view, unsigned> streams;

  bool is_current(const NodeStatus& node) const {
    return version > 0 && node.version == version && node.epoch == epoch;
  }
};

class Roster {
 public:
  void heard_of(const std::string& node, Clock::time_point now) { nodes_[node].heard = now; }
  void runs_code_of(const std::string& node, std::string target) {
    nodes_[node].target = std::move(target);
  }
  void acknowledge(Acknowledged what, Clock::time_point now);
  // False: it is what they said before.
  bool hear(std::vector<Report> others);

  Status status(const Standing& standing) const;
  Report report(const Standing& standing) const;

  // Nodes come and go; one that is not in the standing and was not heard of since then is gone.
  void forget(const Standing& standing, Clock::time_point since);

 private:
  void add_others(std::map<std::string, NodeStatus>& nodes, const Standing& standing) const;

  std::map<std::string, NodeStatus> nodes_;  // what they said
  std::vector<Report> others_;               // what other replicas say
};

}  // namespace smic::distribution
