// SPDX-License-Identifier: Apache-2.0
// Metrics of objects, out of what pods did: pure but for the time, which is given.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "controller/traffic/pods.h"
#include "controller/traffic/window.h"

namespace smic::traffic {

using Counts = contract::EdgeCounts;

// What the objects of a kind received.
std::map<ObjectName, Counts> received(const Window& window, const Pods& pods,
                                      const std::string& kind, Time since);

// Between one object and its peers, which are of the same kind. Traffic within the object is both.
struct Edge {
  bool to = false;  // it called; otherwise it was called
  ObjectName peer;

  auto operator<=>(const Edge&) const = default;
};
std::map<Edge, Counts> edges_of(const Window& window, const Pods& pods, const std::string& kind,
                                const ObjectName& object, Time since);

// What a split sent to each of its backends, by their names.
std::map<std::string, Counts> backends_of(const Window& window, const ObjectName& split,
                                          Time since);

}  // namespace smic::traffic
