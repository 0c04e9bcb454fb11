// SPDX-License-Identifier: Apache-2.0
// What the controller watches, and which fields of it. To watch another kind: a line in the table,
// its right in deploy/rbac, and the fields that compiler/resources reads of it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "controller/kube/objects.h"

namespace smic::kube {

struct WatchedKind {
  std::string group;
  std::string plural;
  std::string kind;
  std::vector<std::string> versions;  // that we read, the best one first
  bool has_crd = false;               // it may not be there (yet)
  Keep keep;
  std::string only_in{};  // a namespace; empty: all
  std::string labels{};   // a label selector; empty: all
};

std::span<const WatchedKind> watched_kinds();

// On Services and EndpointSlices that the mesh itself made (controller/shadow). Its slices name
// every node for every Service, and say nothing of the mesh: they are not read with the others.
inline constexpr const char* kShadowLabel = "mesh.smic.dev/shadow";

}  // namespace smic::kube
