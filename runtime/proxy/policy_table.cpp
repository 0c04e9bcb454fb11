// SPDX-License-Identifier: Apache-2.0
#include "runtime/proxy/policy_table.h"

#include <algorithm>

namespace smic::proxy {
namespace {

auto key_of(const contract::Unit& unit) { return std::tie(unit.service, unit.port, unit.protocol); }

}  // namespace

PolicyTable::Policies PolicyTable::take_up(std::shared_ptr<const program::Snapshot> snapshot) {
  if (!take_up_changes(*snapshot)) take_up_all(*snapshot);
  before_ = std::move(snapshot);
  return policies_;
}

void PolicyTable::take_up_all(const program::Snapshot& snapshot) {
  policies_.assign(snapshot.units.size(), nullptr);
  decltype(by_unit_) next;
  for (std::size_t i = 0; i < snapshot.units.size(); ++i) {
    const contract::Unit& unit = snapshot.units[i]->manifest;
    if (unit.policy.empty()) continue;
    const Key key = key_of(unit);
    const auto known = by_unit_.find(key);
    policies_[i] =
        policy::take_up(unit.policy, known == by_unit_.end() ? nullptr : known->second.get());
    next.emplace(key, policies_[i]);
  }
  by_unit_ = std::move(next);
}

// Most changes leave the units in their places, and nearly all of them the same objects: what is to
// be done is found by a look at two lists of pointers. False: units came or went.
bool PolicyTable::take_up_changes(const program::Snapshot& snapshot) {
  if (!before_ || before_->units.size() != snapshot.units.size()) return false;
  std::vector<std::size_t> changed;
  for (std::size_t i = 0; i < snapshot.units.size(); ++i) {
    if (snapshot.units[i] == before_->units[i]) continue;
    if (key_of(snapshot.units[i]->manifest) != key_of(before_->units[i]->manifest)) return false;
    changed.push_back(i);
  }
  for (const std::size_t i : changed) {
    const contract::Unit& unit = snapshot.units[i]->manifest;
    policies_[i] = policy::take_up(unit.policy, policies_[i].get());
    if (policies_[i]) {
      by_unit_[key_of(unit)] = policies_[i];
    } else {
      by_unit_.erase(Key(key_of(unit)));
    }
  }
  return true;
}

}  // namespace smic::proxy
