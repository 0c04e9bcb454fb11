// SPDX-License-Identifier: Apache-2.0
// Why not: rules that a request missed, and what in it would have to differ, as values that are
// printed for people and for tools alike.
//   near_miss.cpp           which rules come near: to a denied request, and to one that a split
//   passed request_difference.cpp  what keeps a request from satisfying a match
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/explanation.h"
#include "compiler/judge.h"

namespace smic::cli {

// Many rules may be near; a person reads a few, and each costs its automata.
inline constexpr std::size_t kMostNearMisses = 3;
inline constexpr std::size_t kMostMatchesTried = 2000;

// Nothing: `match` holds for the request.
std::vector<Difference> differences(const ir::Match& match, const Query& query,
                                    AutomataJudge& judge);

// The match that is nearest to holding, of those that may hold instead of each other.
struct Nearest {
  std::vector<Difference> differ;
  std::optional<ir::Origin> match;
};
Nearest nearest_match(const std::vector<const ir::Match*>& matches, const Query& query,
                      AutomataJudge& judge);

// For a denial: TrafficTargets whose destination is a pod in question.
std::vector<NearMiss> missed_targets(const Frontend& front, const ir::Unit& unit,
                                     const Query& query,
                                     const std::vector<BackendAnswer>& backends);

// Conditional splits that were asked before `route` and passed the request on.
std::vector<NearMiss> missed_splits(const ir::Unit& unit, std::size_t route, const Query& query);

// One sentence for a person.
std::string text_of(const NearMiss& miss);

}  // namespace smic::cli
