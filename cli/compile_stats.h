// SPDX-License-Identifier: Apache-2.0
// What `smic compile` says about its work: --stats and --time. compile.cpp's own.
//   --stats   for each unit how its patterns are told apart and why that way, what became code,
//             and what it all takes; for people, or as one JSON document
//   --time    for each pass its time, and how many rules it was given and left
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/compile.h"

namespace smic::cli {

enum class StatsFormat { none, human, json };

Result<std::string> stats_of(const std::vector<ir::Unit>& raw, const CompileOptions& options,
                             StatsFormat format);

// Sums over all units and rounds.
class PassFigures {
 public:
  void add_time(std::string_view pass, double microseconds);
  void add_rules(std::string_view pass, const ir::Unit& before, const ir::Unit& after);
  std::string table() const;  // in the order passes run

 private:
  struct Figures {
    double microseconds = 0;
    std::size_t rules_before = 0;
    std::size_t rules_after = 0;
  };
  std::map<std::string, Figures, std::less<>> passes_;
};

}  // namespace smic::cli
