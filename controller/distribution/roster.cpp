// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/distribution/hub_test.cpp.
#include "controller/distribution/roster.h"

namespace smic::distribution {
namespace {

constexpr std::size_t kMostHeardOf = 16'384;  // nodes that are gone, in the status

}  // namespace

void Roster::acknowledge(Acknowledged what, Clock::time_point now) {
  NodeStatus& node = nodes_[what.node];
  node.heard = now;
  if (!what.refused.empty()) {
    node.refused_epoch = what.epoch;
    node.refused_version = what.version;
    node.refused = std::move(what.refused);
    return;
  }
  const bool new_to_us = node.epoch != what.epoch || node.version != what.version;
  node.epoch = what.epoch;
  node.version = what.version;
  if (new_to_us) node.since = now;
  if (what.version >= node.refused_version) node.refused.clear();
}

bool Roster::hear(std::vector<Report> others) {
  if (others == others_) return false;
  others_ = std::move(others);
  return true;
}

Status Roster::status(const Standing& standing) const {
  std::map<std::string, NodeStatus> nodes = nodes_;
  for (const auto& [name, streams] : standing.streams) nodes[std::string(name)].streams = streams;
  add_others(nodes, standing);
  Status status{.epoch = standing.epoch, .version = standing.version, .nodes = {}};
  for (auto& [name, node] : nodes) {
    node.node = name;
    node.current = standing.is_current(node);
    status.nodes.push_back(std::move(node));
  }
  return status;
}

Report Roster::report(const Standing& standing) const {
  Report report;
  if (standing.version == 0) return report;
  report.mesh = standing.mesh;
  for (const auto& [name, streams] : standing.streams) {
    if (streams == 0) continue;
    const auto node = nodes_.find(std::string(name));
    if (node == nodes_.end()) continue;
    (standing.is_current(node->second) ? report.current : report.behind).insert(node->first);
  }
  return report;
}

void Roster::forget(const Standing& standing, Clock::time_point since) {
  std::erase_if(nodes_, [&](const auto& each) {
    return !standing.streams.contains(each.first) &&
           (!each.second.heard || *each.second.heard < since || nodes_.size() > kMostHeardOf);
  });
}

// Nodes that follow another replica. What they enforce there counts here if the states are equal;
// versions are each replica's own, so it is ours then.
void Roster::add_others(std::map<std::string, NodeStatus>& nodes, const Standing& standing) const {
  const auto add = [&](const std::set<std::string>& names, bool current) {
    for (const std::string& name : names) {
      NodeStatus& node = nodes[name];
      if (node.streams > 0) continue;
      node.elsewhere = true;
      node.epoch = current ? standing.epoch : 0;
      node.version = current ? standing.version : 0;
    }
  };
  // What enforces our state counts last: a replica that is gone may still say what was before.
  for (const Report& report : others_) add(report.behind, false);
  for (const bool same : {false, true}) {
    for (const Report& report : others_) {
      if ((standing.version > 0 && report.mesh == standing.mesh) == same) {
        add(report.current, same);
      }
    }
  }
}

}  // namespace smic::distribution
