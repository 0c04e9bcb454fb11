// SPDX-License-Identifier: Apache-2.0
// Does the plan work on this node, as a pod sees it? One TCP connection and one datagram from a
// throw-away network namespace, which is joined to this one as a pod is (a veth pair), to an
// address of each mesh range that no Service can have. Taken at start, before anybody relies on it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/steer/steering.h"

namespace smic::steer {

struct Proof {
  IpRange range;
  bool holds = false;
  bool as_a_pod = false;  // else from this namespace: no namespace could be made
  std::string told;       // what is wrong, or what could not be tried
  // What a pod's link lets through in another's name: a datagram needs no answer to be believed.
  // Empty: nothing, as far as it was tried.
  std::string forged;

  bool operator==(const Proof&) const = default;
};

// Of each range that traffic gets here for. Takes a second or two, more where nothing answers, and
// is meant for a thread of its own: `exclusively` runs the short parts that touch `steering`, when
// nobody else does. What is written to `stop` (a descriptor) ends it early; -1: nothing does.
using Exclusively = std::function<void(const std::function<void()>&)>;
std::vector<Proof> prove(Steering& steering, const Exclusively& exclusively, int stop = -1);
std::vector<Proof> prove(Steering& steering);  // where nobody else is

}  // namespace smic::steer
