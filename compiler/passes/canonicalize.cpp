// SPDX-License-Identifier: Apache-2.0
// Drops sources and matches that nobody names, sorts what has no order of its own, and numbers
// anew. After this, units that came from the same resources in another order of files print the
// same bytes, so they have the same image and a reconcile that changes nothing sends nothing.
//
//   source s0 = { x/b }                        source s0 = { x/a }
//   source s1 = { x/a }                        match m0 = path ~ "/a"
//   match m0 = path ~ "/b"                     match m1 = path ~ "/b"
//   match m1 = path ~ "/a"                =>   route r0 when m0 or m1 -> x/v:80
//   match m2 = path ~ "/c"                     …
//   route r0 when m0 or m1 -> x/v:80           allow to x/y from s0 when m0
//   …
//   allow to x/y from s1 when m1
//
// Routes keep their order, which has a meaning, and backends theirs, which people read.
//
// Tested by tests/unit/passes/canonicalize_test.cpp, differential/.
#include <algorithm>
#include <tuple>

#include "compiler/passes/list.h"

namespace smic::passes {
namespace {

// Sorts `items` by `key`, drops those not `used`, and says where each went.
template <class Item, class Key>
std::vector<std::size_t> renumber(std::vector<Item>& items, const std::vector<bool>& used,
                                  Key key) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (used[i]) order.push_back(i);
  }
  std::ranges::sort(order, {},
                    [&](std::size_t i) { return std::tuple_cat(key(items[i]), std::tuple(i)); });
  std::vector<std::size_t> new_index(items.size());
  std::vector<Item> sorted;
  for (std::size_t i : order) {
    new_index[i] = sorted.size();
    sorted.push_back(std::move(items[i]));
  }
  items = std::move(sorted);
  return new_index;
}

void renumber_matches(ir::Unit& unit) {
  std::vector<bool> used(unit.matches.size());
  for_each_condition(unit, [&](ir::Condition& condition) {
    if (auto* ids = alternatives(condition)) {
      for (ir::MatchId id : *ids) used[id.value] = true;
    }
  });
  const auto key = [](const ir::Match& match) {
    return std::tuple_cat(std::tie(match.path, match.methods, match.headers),
                          order_of(match.origin));
  };
  const auto new_index = renumber(unit.matches, used, key);
  for_each_condition(unit, [&](ir::Condition& condition) {
    if (auto* ids = alternatives(condition)) {
      for (ir::MatchId& id : *ids) id = ir::MatchId(new_index[id.value]);
      sort_unique(*ids);
    }
  });
}

void renumber_sources(ir::Unit& unit) {
  std::vector<ir::SourceSet> distinct;
  for (const ir::Allow& allow : unit.allows) {
    if (const auto* id = std::get_if<ir::SourceSetId>(&allow.from)) {
      distinct.push_back(unit.sources[id->value]);
    }
  }
  std::ranges::sort(distinct);
  distinct.erase(std::ranges::unique(distinct).begin(), distinct.end());
  for (ir::Allow& allow : unit.allows) {
    if (auto* id = std::get_if<ir::SourceSetId>(&allow.from)) {
      const auto at = std::ranges::lower_bound(distinct, unit.sources[id->value]);
      *id = ir::SourceSetId(static_cast<std::size_t>(at - distinct.begin()));
    }
  }
  unit.sources = std::move(distinct);
}

}  // namespace

ir::Unit canonicalize(ir::Unit unit) {
  renumber_matches(unit);
  renumber_sources(unit);
  std::ranges::sort(unit.allows, {}, [](const ir::Allow& allow) {
    return std::tuple_cat(std::tie(allow.to, allow.from, allow.when), order_of(allow.origin));
  });
  return unit;
}

}  // namespace smic::passes
