// SPDX-License-Identifier: Apache-2.0
// The allows of a unit as rows over source classes and destinations.
//
// Identities that are in the same source sets share a class, so the caller's identity becomes a
// small number once per connection. A row is kept as a short list of (source set, destinations)
// terms: expanding every row to classes × destinations would cost memory far beyond the input (a
// source set of 10,000 callers under 256 destinations). Only a row with many terms is expanded, to
// a key of its own, so that looking up a caller stays one probe, and only while a budget in
// proportion to the input lasts.
#pragma once

#include <map>
#include <span>

#include "compiler/decision/graph.h"

namespace smic::decision {

inline constexpr std::size_t kFewTerms = 4;  // a row of so many is looked up term by term
inline constexpr std::size_t kExpandedCellsPerCell = 4;   // memory for expanded rows,
inline constexpr std::size_t kExpandedCellsFree = 65536;  // beyond this

class AccessBuilder {
 public:
  explicit AccessBuilder(const ir::Unit& unit);

  std::uint32_t row_of(const ir::Allow& allow);
  std::uint32_t unite(std::vector<std::uint32_t> rows);
  std::size_t terms(std::uint32_t row) const { return access_.rows[row].size(); }

  const Names& names() const { return names_; }

  // Replaces rows of many terms among `used` by one look-up.
  void expand(std::span<const std::uint32_t> used);
  Access take() { return std::move(access_); }

 private:
  void number_destinations(const ir::Unit& unit);
  void number_sources(const ir::Unit& unit);
  std::uint32_t intern_mask(const DestinationMask& mask);
  std::uint32_t intern_row(Row row);
  std::vector<Cell> expanded_cells(const Row& row);

  Access access_;
  Names names_;
  std::vector<ir::Destinations> destinations_;         // sorted, unique
  std::vector<std::optional<std::uint32_t>> set_key_;  // per source set; none = nobody is in it
  std::map<DestinationMask, std::uint32_t> mask_ids_;
  std::map<Row, std::uint32_t> row_ids_;
  std::map<std::vector<std::uint32_t>, std::uint32_t> united_;
};

}  // namespace smic::decision
