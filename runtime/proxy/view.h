// SPDX-License-Identifier: Apache-2.0
// A snapshot and which of its units each listener serves: what a worker looks at for one request.
//
// Listeners live longer than snapshots, so they have numbers of their own. A number is used again
// after its listener closed, in a new generation; a connection remembers both, so that one accepted
// by a listener that is gone cannot be taken for its successor's.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/policy/policy.h"
#include "runtime/program/program.h"

namespace smic::proxy {

inline constexpr std::uint32_t kNoUnit = 0xffffffff;

struct ListenerKey {
  std::uint32_t number = 0;
  std::uint32_t generation = 0;
  bool operator==(const ListenerKey&) const = default;
};

struct View {
  struct Bound {
    std::uint32_t unit = kNoUnit;  // index into snapshot->units
    std::uint32_t generation = 0;
  };

  std::shared_ptr<const program::Snapshot> snapshot;
  std::vector<Bound> listeners;                                     // by number
  std::vector<std::shared_ptr<const policy::UnitPolicy>> policies;  // by unit; null = none
  std::uint64_t serial = 0;  // differs from that of every other view

  const program::Unit* unit_of(ListenerKey key) const {
    if (key.number >= listeners.size()) return nullptr;
    const Bound bound = listeners[key.number];
    if (bound.unit == kNoUnit || bound.generation != key.generation) return nullptr;
    return snapshot->units[bound.unit].get();
  }
  // Of a listener that has a unit in this view.
  const std::shared_ptr<const policy::UnitPolicy>& policy_of(ListenerKey key) const {
    return policies[listeners[key.number].unit];
  }
};

}  // namespace smic::proxy
