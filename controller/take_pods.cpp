// SPDX-License-Identifier: Apache-2.0
// Whose an address is, node by node. Of ten thousand pods one comes or goes: its node has another
// list then, and the lists of all other nodes are the same objects as before.
#include <algorithm>

#include "controller/object_reconciler.h"

namespace smic::controller {
namespace {

bool has_any(const std::vector<contract::PodIdentity>& pods,
             const std::set<std::string>& addresses) {
  return std::ranges::any_of(addresses, [&](const std::string& address) {
    return std::ranges::binary_search(pods, address, {}, &contract::PodIdentity::address);
  });
}

const std::string& node_of(const model::PodAddress& pod, Nodes nodes) {
  static const std::string only = kOnlyNode;
  return nodes == Nodes::one ? only : pod.node;
}

contract::PodIdentity identity_of(const model::PodAddress& pod) {
  return {pod.address, ir::to_string(pod.identity), pod.pod};
}

}  // namespace

void ObjectReconciler::take_pods(const Outcome& outcome) {
  if (outcome.whole) return take_all_pods(outcome.mesh);
  if (outcome.addresses.empty()) return;
  std::map<std::string, std::map<std::string, contract::PodIdentity>> now;  // node → address → pod
  for (const model::PodAddress& pod : outcome.mesh.pods) {
    const std::string& node = node_of(pod, nodes_);
    if (node.empty() || !outcome.addresses.contains(pod.address)) continue;
    now[node].emplace(pod.address, identity_of(pod));
  }
  for (const auto& [node, pods] : now)
    now_->nodes.try_emplace(node, std::make_shared<const Pods>());
  for (auto& [node, pods] : now_->nodes) {
    const auto& here = now[node];
    if (here.empty() && !has_any(*pods, outcome.addresses)) continue;
    Pods next;
    next.reserve(pods->size() + 1);
    std::ranges::copy_if(*pods, std::back_inserter(next), [&](const contract::PodIdentity& pod) {
      return !outcome.addresses.contains(pod.address);
    });
    for (const auto& [address, pod] : here) next.push_back(pod);
    std::ranges::sort(next, {}, &contract::PodIdentity::address);
    if (next == *pods) continue;
    pods = std::make_shared<const Pods>(std::move(next));
    different_ = true;
  }
  if (nodes_ == Nodes::by_pod) {
    std::erase_if(now_->nodes, [](const auto& entry) { return entry.second->empty(); });
  }
}

void ObjectReconciler::take_all_pods(const model::Mesh& mesh) {
  std::map<std::string, Pods> by_node;
  if (nodes_ == Nodes::one) by_node[kOnlyNode];
  for (const model::PodAddress& pod : mesh.pods) {
    const std::string& node = node_of(pod, nodes_);
    if (!node.empty()) by_node[node].push_back(identity_of(pod));
  }
  std::map<std::string, Update::Pods> next;
  for (auto& [node, pods] : by_node) {
    const auto before = now_->nodes.find(node);
    const bool same = before != now_->nodes.end() && *before->second == pods;
    different_ |= !same;
    next[node] = same ? before->second : std::make_shared<const Pods>(std::move(pods));
  }
  different_ |= next.size() != now_->nodes.size();
  now_->nodes = std::move(next);
}

}  // namespace smic::controller
