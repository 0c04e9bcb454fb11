// SPDX-License-Identifier: Apache-2.0
// The mesh at a glance, as one JSON document for people and for tools that draw: its services and
// splits as they are in force, its nodes, and who called whom in the last minute.
#pragma once

#include <string>
#include <vector>

#include "contract/manifest.h"
#include "controller/traffic/pods.h"
#include "controller/traffic/window.h"

namespace smic::traffic {

inline constexpr std::chrono::minutes kTopologyWindow{1};

struct MeshInForce {
  std::uint64_t version = 0;
  std::vector<contract::Shared<contract::Unit>> units;
  std::vector<std::string> nodes;
};

std::string topology(const MeshInForce& mesh, const Window& window, const Pods& pods, Time now);

}  // namespace smic::traffic
