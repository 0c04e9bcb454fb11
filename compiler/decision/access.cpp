// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/decision/decide_test.cpp.
#include "compiler/decision/access.h"

#include <algorithm>
#include <limits>

#include "base/overload.h"

namespace smic::decision {
namespace {

// AnyDestination first, then by identity and port: the order of Names::destinations.
bool before(const ir::Destinations& a, const ir::Destinations& b) {
  if (a.index() != b.index() || a.index() == 0) return a.index() < b.index();
  return std::get<ir::DestinationRef>(a) < std::get<ir::DestinationRef>(b);
}

contract::Destination named(const ir::Destinations& to) {
  return std::visit(Overload{[](const ir::AnyDestination&) { return contract::Destination{}; },
                             [](const ir::DestinationRef& ref) {
                               return contract::Destination{ir::to_string(ref.identity),
                                                            ref.port.value_or(0)};
                             }},
                    to);
}

void add(DestinationMask& to, const DestinationMask& mask) {
  for (std::size_t w = 0; w < to.size(); ++w) to[w] |= mask[w];
}

bool can_hold(const ir::Condition& condition) {
  return std::visit(
      Overload{[](const ir::Always&) { return true; }, [](const ir::Never&) { return false; },
               [](const ir::AnyOf& any) { return !any.matches.empty(); }},
      condition);
}

}  // namespace

AccessBuilder::AccessBuilder(const ir::Unit& unit) {
  number_destinations(unit);
  number_sources(unit);
  intern_mask({});
  DestinationMask full{};
  for (std::uint32_t d = 0; d < access_.destinations; ++d)
    full[d / 64] |= std::uint64_t{1} << d % 64;
  if (access_.destinations == 0) full[0] = 1;  // so that mask 1 exists; nothing refers to it
  intern_mask(full);
  intern_row({});
}

void AccessBuilder::number_destinations(const ir::Unit& unit) {
  for (const ir::Allow& allow : unit.allows) destinations_.push_back(allow.to);
  std::ranges::sort(destinations_, before);
  const auto repeated = std::ranges::unique(destinations_);
  destinations_.erase(repeated.begin(), repeated.end());
  access_.destinations = static_cast<std::uint32_t>(destinations_.size());
  for (const ir::Destinations& to : destinations_) names_.destinations.push_back(named(to));
}

void AccessBuilder::number_sources(const ir::Unit& unit) {
  std::vector<bool> asked(unit.sources.size());
  for (const ir::Allow& allow : unit.allows) {
    const auto* set = std::get_if<ir::SourceSetId>(&allow.from);
    if (set != nullptr && can_hold(allow.when)) asked[set->value] = true;
  }
  std::map<ir::Identity, std::vector<std::uint32_t>> memberships;
  for (std::uint32_t set = 0; set < unit.sources.size(); ++set) {
    if (!asked[set]) continue;
    for (const ir::Identity& member : unit.sources[set].members) memberships[member].push_back(set);
  }
  std::map<std::vector<std::uint32_t>, std::uint32_t> classes;
  std::vector<std::vector<std::uint32_t>> classes_of_set(unit.sources.size());
  for (const auto& [identity, sets] : memberships) {
    const auto [at, fresh] = classes.try_emplace(sets, access_.source_classes);
    names_.sources.push_back({ir::to_string(identity), at->second});
    if (!fresh) continue;
    ++access_.source_classes;
    for (const std::uint32_t set : sets) classes_of_set[set].push_back(at->second);
  }
  std::ranges::sort(names_.sources, {}, &contract::SourceClass::identity);
  std::map<std::vector<std::uint32_t>, std::uint32_t> keys;
  for (const std::vector<std::uint32_t>& members : classes_of_set) {
    set_key_.emplace_back();
    if (members.empty()) continue;
    const auto [at, fresh] = keys.try_emplace(members, static_cast<std::uint32_t>(keys.size()));
    set_key_.back() = at->second;
    if (!fresh) continue;
    access_.keys.emplace_back();
    for (const std::uint32_t member : members) access_.keys.back().push_back({member, 1});
  }
}

std::uint32_t AccessBuilder::intern_mask(const DestinationMask& mask) {
  const auto next = static_cast<std::uint32_t>(access_.masks.size());
  const auto [at, fresh] = mask_ids_.try_emplace(mask, next);
  if (fresh) access_.masks.push_back(mask);
  return at->second;
}

std::uint32_t AccessBuilder::intern_row(Row row) {
  const auto next = static_cast<std::uint32_t>(access_.rows.size());
  const auto [at, fresh] = row_ids_.try_emplace(std::move(row), next);
  if (fresh) access_.rows.push_back(at->first);
  return at->second;
}

std::uint32_t AccessBuilder::row_of(const ir::Allow& allow) {
  const std::optional<std::uint32_t> key = std::visit(
      Overload{[](const ir::AnySource&) { return std::optional(contract::kEverySource); },
               [this](ir::SourceSetId set) { return set_key_[set.value]; }},
      allow.from);
  if (!key) return 0;
  const auto at = std::ranges::lower_bound(destinations_, allow.to, before);
  const auto bit = static_cast<std::size_t>(at - destinations_.begin());
  DestinationMask mask{};
  mask[bit / 64] = std::uint64_t{1} << bit % 64;
  return intern_row({{*key, intern_mask(mask)}});
}

std::uint32_t AccessBuilder::unite(std::vector<std::uint32_t> rows) {
  std::ranges::sort(rows);
  const auto repeated = std::ranges::unique(rows);
  rows.erase(repeated.begin(), repeated.end());
  if (rows.empty()) return 0;
  if (rows.size() == 1) return rows[0];
  const auto memo = united_.find(rows);
  if (memo != united_.end()) return memo->second;
  std::map<std::uint32_t, DestinationMask> mask_of;
  for (const std::uint32_t row : rows) {
    for (const Term& term : access_.rows[row]) add(mask_of[term.key], access_.masks[term.mask]);
  }
  Row joined;
  for (const auto& [key, mask] : mask_of) joined.push_back({key, intern_mask(mask)});
  const std::uint32_t row = intern_row(std::move(joined));
  united_.emplace(std::move(rows), row);
  return row;
}

std::vector<Cell> AccessBuilder::expanded_cells(const Row& row) {
  std::map<std::uint32_t, DestinationMask> mask_of;
  for (const Term& term : row) {
    if (term.key == contract::kEverySource) continue;
    for (const Cell& cell : access_.keys[term.key]) {
      add(mask_of[cell.source_class], access_.masks[term.mask]);
    }
  }
  std::vector<Cell> cells;
  for (const auto& [source_class, mask] : mask_of)
    cells.push_back({source_class, intern_mask(mask)});
  return cells;
}

void AccessBuilder::expand(std::span<const std::uint32_t> used) {
  std::size_t left = kExpandedCellsFree;
  for (const auto& cells : access_.keys) left += kExpandedCellsPerCell * cells.size();
  for (const std::uint32_t row : used) {
    Row& terms = access_.rows[row];
    if (terms.size() <= kFewTerms) continue;
    std::size_t work = 0;
    for (const Term& term : terms) {
      if (term.key != contract::kEverySource) work += access_.keys[term.key].size();
    }
    if (work > left) continue;
    left -= work;
    Row expanded{{static_cast<std::uint32_t>(access_.keys.size()), 1}};
    if (terms.back().key == contract::kEverySource) expanded.push_back(terms.back());
    access_.keys.push_back(expanded_cells(terms));
    terms = std::move(expanded);
  }
}

}  // namespace smic::decision
