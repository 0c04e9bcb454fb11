// SPDX-License-Identifier: Apache-2.0
// Removes allows that allow nothing, or nothing that another does not.
//
//   source s0 = {}
//   source s1 = { x/a }
//   source s2 = { x/a, x/b }
//   allow to x/y from s0
//   allow to x/y from s1 when never
//   allow to x/y:80 from s1 when m0     =>   allow to x/y from s2
//   allow to x/y from s2
//
// An allow contains another if its destination covers the other's (all ports cover one), its
// sources hold the other's, and its condition covers the other's alternatives (implication.h).
// Pairs are compared within one destination identity, and each allow only with the first
// kMaxNeighbours of them: more would be quadratic, and what is missed costs a table row only.
//
// Relies on merge_allows. Tested by tests/unit/passes/prune_allows_test.cpp, differential/.
#include <algorithm>
#include <map>
#include <optional>

#include "base/overload.h"
#include "compiler/passes/implication.h"
#include "compiler/passes/list.h"

namespace smic::passes {
namespace {

constexpr std::size_t kMaxNeighbours = 64;

class Pruner {
 public:
  explicit Pruner(const ir::Unit& unit) : unit_(unit), alive_(unit.allows.size(), true) {
    for (const ir::Allow& allow : unit.allows) {
      MatchUnion& condition = conditions_.emplace_back();
      if (const auto* any = std::get_if<ir::AnyOf>(&allow.when)) {
        for (ir::MatchId id : any->matches) condition.add(unit.matches[id.value]);
      }
    }
  }

  std::vector<bool> alive() && {
    std::map<std::optional<ir::Identity>, std::vector<std::size_t>> by_identity;  // null = any
    for (std::size_t i = 0; i < alive_.size(); ++i) {
      alive_[i] = !is_dead(unit_.allows[i]);
      const auto* to = std::get_if<ir::DestinationRef>(&unit_.allows[i].to);
      auto& neighbours = by_identity[to ? std::optional(to->identity) : std::nullopt];
      if (alive_[i] && neighbours.size() < kMaxNeighbours) neighbours.push_back(i);
    }
    for (std::size_t i = 0; i < alive_.size(); ++i) {
      drop_if_contained(i, by_identity[std::nullopt]);
      if (const auto* to = std::get_if<ir::DestinationRef>(&unit_.allows[i].to)) {
        drop_if_contained(i, by_identity[to->identity]);
      }
    }
    return std::move(alive_);
  }

 private:
  bool is_dead(const ir::Allow& allow) const {
    const auto* set = std::get_if<ir::SourceSetId>(&allow.from);
    return std::holds_alternative<ir::Never>(allow.when) ||
           (set && unit_.sources[set->value].members.empty());
  }

  // Of two that contain each other the first stays.
  void drop_if_contained(std::size_t i, const std::vector<std::size_t>& neighbours) {
    for (std::size_t other : neighbours) {
      if (other == i || !alive_[i] || !alive_[other] || !contains(other, i)) continue;
      alive_[i] = i < other && contains(i, other);
    }
  }

  bool contains(std::size_t outer, std::size_t inner) const {
    const ir::Allow& a = unit_.allows[outer];
    const ir::Allow& b = unit_.allows[inner];
    return contains(a.to, b.to) && contains(a.from, b.from) && condition_contains(outer, inner);
  }

  static bool contains(const ir::Destinations& outer, const ir::Destinations& inner) {
    const auto* all = std::get_if<ir::DestinationRef>(&outer);
    const auto* one = std::get_if<ir::DestinationRef>(&inner);
    if (!all) return true;
    return one && all->identity == one->identity && (!all->port || all->port == one->port);
  }

  bool contains(const ir::Sources& outer, const ir::Sources& inner) const {
    const auto* all = std::get_if<ir::SourceSetId>(&outer);
    const auto* some = std::get_if<ir::SourceSetId>(&inner);
    if (!all) return true;
    return some && std::ranges::includes(unit_.sources[all->value].members,
                                         unit_.sources[some->value].members);
  }

  bool condition_contains(std::size_t outer, std::size_t inner) const {
    if (std::holds_alternative<ir::Always>(unit_.allows[outer].when)) return true;
    const auto* any = std::get_if<ir::AnyOf>(&unit_.allows[inner].when);
    return any && std::ranges::all_of(any->matches, [&](ir::MatchId id) {
             return conditions_[outer].covers(unit_.matches[id.value]);
           });
  }

  const ir::Unit& unit_;
  std::vector<MatchUnion> conditions_;  // per allow
  std::vector<bool> alive_;
};

}  // namespace

ir::Unit prune_allows(ir::Unit unit) {
  const std::vector<bool> alive = Pruner(unit).alive();
  std::vector<ir::Allow> kept;
  for (std::size_t i = 0; i < alive.size(); ++i) {
    if (alive[i]) kept.push_back(std::move(unit.allows[i]));
  }
  unit.allows = std::move(kept);
  return unit;
}

}  // namespace smic::passes
