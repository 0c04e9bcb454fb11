// SPDX-License-Identifier: Apache-2.0
// What one proxy has counted, pod by pod: who called whom, through which service, and how it went.
// A proxy answers it at `/edges` of its admin address; a controller reads it every few seconds and
// makes the SMI metrics of it. One JSON line for the proxy, then one for every edge, so that it can
// be read with curl.
//
// Pods and services alone are named: what workloads they belong to, the controller knows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace smic::contract {

struct EdgeNames {
  std::string source;       // "namespace/pod"; empty = no pod of this node
  std::string destination;  // "namespace/pod", or an address that is no pod's
  std::string service;      // "namespace/name" that was called
  std::string split;        // "namespace/name" of the TrafficSplit that routed; empty = none
  std::string backend;      // "namespace/name" that was chosen

  auto operator<=>(const EdgeNames&) const = default;
};

// All since the proxy began.
struct EdgeCounts {
  std::uint64_t success = 0;
  std::uint64_t failure = 0;
  // How long they took (latency.h): bucket and count, ascending, none of zero.
  std::vector<std::pair<std::uint32_t, std::uint64_t>> latency;

  bool operator==(const EdgeCounts&) const = default;
};

struct EdgeReport {
  std::string instance;          // another one after every start
  std::uint64_t age_millis = 0;  // since it began to count
  std::vector<std::pair<EdgeNames, EdgeCounts>> edges;

  bool operator==(const EdgeReport&) const = default;
};

inline constexpr std::size_t kMaxEdgeReportBytes = std::size_t{64} << 20;

std::string to_json(const EdgeReport& report);
Result<EdgeReport> edges_from_json(std::string_view lines);

}  // namespace smic::contract
