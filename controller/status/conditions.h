// SPDX-License-Identifier: Apache-2.0
// The conditions of an SMI object:
//   Accepted      the object itself is right; False = it is left out, the reason is the E-code
//   ResolvedRefs  what it refers to is there; False = that part is left out, the reason is the
//   W-code Programmed    all nodes enforce this generation of it
//
// A condition's observedGeneration says which generation it speaks of, so that whoever waits for an
// edit waits for that number. Its lastTransitionTime moves when `status` does, and at no other
// time. Pure functions of what was found and of what stands there, so that after a restart what
// stands there already is not written again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "controller/status/verdicts.h"

namespace smic::status {

struct Condition {
  std::string type;
  std::string status;  // "True", "False", "Unknown"
  std::int64_t observed_generation = 0;
  std::string reason;
  std::string message;
  std::string last_transition_time;
  bool operator==(const Condition&) const = default;
};

// Ours, of what an object's status has; the rest is somebody else's.
std::vector<Condition> read_conditions(const std::string& object);

// How far the nodes are, of one object's generation.
enum class Progress {
  unknown,   // nothing is known of any node (yet)
  pending,   // some node enforces something older
  overdue,   // for long already
  enforced,  // all nodes enforce it
};

// What is to stand there; `there` if nothing has to change. `now` as Kubernetes writes a Time.
std::vector<Condition> wanted_conditions(const Verdict& verdict, Progress progress,
                                         const std::vector<Condition>& there,
                                         const std::string& now);

// For a server-side apply to the status subresource: of the object that was judged, and of no
// other that came to its name.
std::string apply_body(const ObjectName& name, const Verdict& verdict,
                       const std::vector<Condition>& conditions);

}  // namespace smic::status
