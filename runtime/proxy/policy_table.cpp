// SPDX-License-Identifier: Apache-2.0
#include "runtime/proxy/policy_table.h"

namespace smic::proxy {

std::vector<std::shared_ptr<const policy::UnitPolicy>> PolicyTable::take_up(
    const program::Snapshot& snapshot) {
  std::vector<std::shared_ptr<const policy::UnitPolicy>> policies(snapshot.units.size());
  decltype(by_unit_) next;
  for (std::size_t i = 0; i < snapshot.units.size(); ++i) {
    const contract::Unit& unit = snapshot.units[i].manifest;
    if (unit.policy.empty()) continue;
    const Key key(unit.service, unit.port, unit.protocol);
    const auto before = by_unit_.find(key);
    policies[i] =
        policy::take_up(unit.policy, before == by_unit_.end() ? nullptr : before->second.get());
    next.emplace(key, policies[i]);
  }
  by_unit_ = std::move(next);
  return policies;
}

}  // namespace smic::proxy
