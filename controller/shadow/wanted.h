// SPDX-License-Identifier: Apache-2.0
// What is to be written so that shadow Services stand as they are wanted: a pure function of what
// is meshed, which nodes there are, and what stands there. Nothing, if it all does; so a restart
// writes nothing.
//
// Tested by tests/unit/shadow/wanted_test.cpp.
#pragma once

#include <string>
#include <vector>

#include "controller/shadow/standing.h"

namespace smic::shadow {

struct Wish {
  ir::ServiceRef of;
  std::vector<Port> ports;         // not empty
  std::vector<IpFamily> families;  // empty: the cluster's default

  bool operator==(const Wish&) const = default;
};

struct Write {
  enum class Verb { create, patch, remove };
  enum class Kind { service, slice };

  Verb verb = Verb::create;
  Kind kind = Kind::service;
  std::string name;
  std::string body;  // none to remove
};

struct World {
  std::string ns;
  PortRange range;
  std::vector<Node> nodes;  // sorted by name
  Standing standing;
  PortTable::Taken resting;  // ports that were somebody's a moment ago
};

// In an order in which they can be made. A port for which none of the range is free is left out;
// the plan tells of it.
std::vector<Write> wanted_writes(const std::vector<Wish>& wishes, const World& world);

}  // namespace smic::shadow
