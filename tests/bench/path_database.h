// SPDX-License-Identifier: Apache-2.0
// The patterns of a unit's paths, anchored at the start, as one database of Vectorscan's: its door
// in the benches, where it is a peer in compiling and in deciding.
#pragma once

#include <string>
#include <vector>

#include "compiler/ir/ir.h"

struct hs_database;
struct hs_scratch;

namespace smic::bench {

class PathDatabase {
 public:
  explicit PathDatabase(const ir::Unit& unit);  // each match has a path
  PathDatabase(const PathDatabase&) = delete;
  PathDatabase& operator=(const PathDatabase&) = delete;
  ~PathDatabase();

  // Adds the indices of the matches whose path holds, in no order. Not for two threads at once.
  void match(const std::string& path, std::vector<int>& found) const;

 private:
  hs_database* database_ = nullptr;
  hs_scratch* scratch_ = nullptr;
};

}  // namespace smic::bench
