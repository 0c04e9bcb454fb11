// SPDX-License-Identifier: Apache-2.0
// Known traffic, and pods that it is between.
#pragma once

#include <string>
#include <vector>

#include "contract/latency.h"
#include "controller/traffic/traffic.h"

namespace smic::test {

// This many requests, each of which took as long.
inline contract::EdgeCounts counts_of(std::uint64_t success, std::uint64_t failure,
                                      std::uint64_t micros = 10'000) {
  contract::EdgeCounts counts{success, failure, {}};
  counts.latency.emplace_back(static_cast<std::uint32_t>(contract::latency_bucket(micros)),
                              success + failure);
  return counts;
}

inline contract::EdgeReport report_of(
    std::vector<std::pair<contract::EdgeNames, contract::EdgeCounts>> edges,
    const std::string& instance = "one", std::uint64_t age_millis = 0) {
  return {instance, age_millis, std::move(edges)};
}

inline contract::EdgeNames edge(const std::string& from, const std::string& to,
                                const std::string& service = "shop/web",
                                const std::string& split = "", const std::string& backend = "") {
  return {from, to, service, split, backend.empty() ? service : backend};
}

inline kube::Object object(const std::string& ns, const std::string& name,
                           const std::string& rest) {
  return {ns, name, "1", "{\"metadata\":{\"name\":\"" + name + "\"" + rest + "}"};
}

// A pod of Deployment `workload`, on a node, with label app=workload.
inline kube::Object pod(const std::string& ns, const std::string& workload, const std::string& end,
                        const std::string& node) {
  return object(ns, workload + "-5d4-" + end,
                R"(,"labels":{"app":")" + workload +
                    R"(","pod-template-hash":"5d4"},"ownerReferences":[{"kind":"ReplicaSet",)"
                    R"("name":")" +
                    workload + R"(-5d4","controller":true}]},"spec":{"nodeName":")" + node +
                    R"("},"status":{"phase":"Running","podIP":"10.0.0.1"})");
}

}  // namespace smic::test
