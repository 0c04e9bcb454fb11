// SPDX-License-Identifier: Apache-2.0
// Does the plan work on this node, as a pod sees it? One TCP connection and one datagram from a
// throw-away network namespace, which is joined to this one as a pod is (a veth pair), to an
// address of each mesh range that no Service can have. Taken at start, before anybody relies on it.
#pragma once

#include <string>
#include <vector>

#include "runtime/steer/steering.h"

namespace smic::steer {

struct Proof {
  IpRange range;
  bool holds = false;
  bool as_a_pod = false;  // else from this namespace: no namespace could be made
  std::string told;       // what is wrong, or what could not be tried

  bool operator==(const Proof&) const = default;
};

// Of each range that traffic gets here for. Takes a few milliseconds, seconds where nothing
// answers.
std::vector<Proof> prove(Steering& steering);

}  // namespace smic::steer
