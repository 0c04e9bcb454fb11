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
};

std::span<const WatchedKind> watched_kinds();

}  // namespace smic::kube
