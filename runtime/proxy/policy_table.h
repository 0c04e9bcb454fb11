// SPDX-License-Identifier: Apache-2.0
// The policies of all units, which outlive snapshots: a change of a weight must not forget who has
// called how often, or close a breaker.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "runtime/policy/policy.h"
#include "runtime/program/program.h"

namespace smic::proxy {

class PolicyTable {
 public:
  using Policies = std::vector<std::shared_ptr<const policy::UnitPolicy>>;

  // By unit of `snapshot`; null where there is no policy.
  Policies take_up(std::shared_ptr<const program::Snapshot> snapshot);

 private:
  using Key = std::tuple<std::string, std::uint16_t, contract::Protocol>;

  void take_up_all(const program::Snapshot& snapshot);
  bool take_up_changes(const program::Snapshot& snapshot);

  std::map<Key, std::shared_ptr<const policy::UnitPolicy>> by_unit_;
  Policies policies_;                                // by unit of the one before
  std::shared_ptr<const program::Snapshot> before_;  // null: there was none
};

}  // namespace smic::proxy
