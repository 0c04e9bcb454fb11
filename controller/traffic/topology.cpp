// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/traffic/topology_test.cpp.
#include "controller/traffic/topology.h"

#include <array>
#include <map>
#include <tuple>

#include "base/log.h"

namespace smic::traffic {
namespace {

constexpr std::string_view kSplit = "TrafficSplit ";

std::string quoted(std::string_view text) { return '"' + json_escape(text) + '"'; }

// Comma-separated, in brackets.
class JsonList {
 public:
  void add(const std::string& item) {
    if (text_.size() > 1) text_ += ',';
    text_ += item;
  }
  std::string end() { return text_ + ']'; }

 private:
  std::string text_ = "[";
};

std::string_view name_of(contract::Protocol protocol) {
  switch (protocol) {
    case contract::Protocol::http:
      return "http";
    case contract::Protocol::tcp:
      return "tcp";
    case contract::Protocol::udp:
      return "udp";
  }
  return "";
}

std::string services_of(const MeshInForce& mesh) {
  JsonList list;
  for (const auto& unit : mesh.units) {
    list.add("{\"service\":" + quoted(unit->service) + ",\"port\":" + std::to_string(unit->port) +
             ",\"protocol\":" + quoted(name_of(unit->protocol)) + "}");
  }
  return list.end();
}

// Each once, though it is in a route of every port of its root.
std::string splits_of(const MeshInForce& mesh) {
  std::map<std::string, std::string> splits;
  for (const auto& unit : mesh.units) {
    for (const contract::Route& route : unit->routes) {
      const std::string& resource = route.origin.resource;
      if (!resource.starts_with(kSplit)) continue;
      JsonList backends;
      for (const contract::WeightedBackend& each : route.split) {
        backends.add("{\"service\":" + quoted(unit->backends[each.backend].service) +
                     ",\"weight\":" + std::to_string(each.weight) + "}");
      }
      const std::string name = resource.substr(kSplit.size());
      splits.try_emplace(name, "{\"split\":" + quoted(name) + ",\"service\":" +
                                   quoted(unit->service) + ",\"backends\":" + backends.end() + "}");
    }
  }
  JsonList list;
  for (const auto& [name, split] : splits) list.add(split);
  return list.end();
}

// What a person would call a pod: by what made it.
std::string workload_of(const Pods& pods, const std::string& pod) {
  if (pod.empty()) return R"({"kind":"unknown"})";
  if (!pod.contains('/')) return R"({"kind":"address","name":)" + quoted(pod) + "}";
  for (const char* kind : {"Deployment", "StatefulSet", "DaemonSet", "Job", "ReplicaSet",
                           "ReplicationController", "Pod"}) {
    for (const ObjectName& each : pods.objects_of(pod, kind)) {
      return "{\"kind\":" + quoted(kind) + ",\"namespace\":" + quoted(each.ns) +
             ",\"name\":" + quoted(each.name) + "}";
    }
  }
  return R"({"kind":"unknown"})";
}

std::string edges_seen(const Window& window, const Pods& pods, Time since) {
  using Key = std::array<std::string, 5>;  // both ends as JSON; service, split, backend
  std::map<Key, contract::EdgeCounts> sums;
  window.each(since, [&](const contract::EdgeNames& names, const contract::EdgeCounts& counts) {
    add(sums[{workload_of(pods, names.source), workload_of(pods, names.destination), names.service,
              names.split, names.backend}],
        counts);
  });
  JsonList list;
  for (const auto& [key, counts] : sums) {
    list.add("{\"source\":" + key[0] + ",\"destination\":" + key[1] + ",\"service\":" +
             quoted(key[2]) + (key[3].empty() ? "" : ",\"split\":" + quoted(key[3])) +
             ",\"backend\":" + quoted(key[4]) + ",\"success\":" + std::to_string(counts.success) +
             ",\"failure\":" + std::to_string(counts.failure) + "}");
  }
  return list.end();
}

}  // namespace

std::string topology(const MeshInForce& mesh, const Window& window, const Pods& pods, Time now) {
  JsonList nodes;
  for (const std::string& node : mesh.nodes) nodes.add(quoted(node));
  return "{\"version\":" + std::to_string(mesh.version) + ",\"services\":" + services_of(mesh) +
         ",\"splits\":" + splits_of(mesh) + ",\"nodes\":" + nodes.end() +
         ",\"window\":\"1m0s\",\"edges\":" + edges_seen(window, pods, now - kTopologyWindow) +
         "}\n";
}

}  // namespace smic::traffic
