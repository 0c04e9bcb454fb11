// SPDX-License-Identifier: Apache-2.0
// What of a decision becomes code, read off its tables. All else is data that the kernel walks.
// The machine code of a unit is a function of this and the target alone, so that the ten thousand
// plain services of a cluster are compiled once.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "compiler/decision/decision.h"
#include "contract/abi.h"

namespace smic::codegen {

using Mask = std::array<std::uint64_t, contract::kDestinationWords>;

// Allows `mask`, to every source or to the classes that cell (key, class) says.
struct TermCode {
  std::optional<std::uint32_t> key;
  Mask mask{};
  auto operator<=>(const TermCode&) const = default;
};

struct OutcomeCode {
  std::uint32_t route = 0;
  std::vector<TermCode> terms;
  auto operator<=>(const OutcomeCode&) const = default;
};

// A match that looks at nothing but method and source: no patterns of any kind.
struct MatchCode {
  std::vector<OutcomeCode> outcomes;                              // distinct
  std::array<std::uint32_t, contract::kMethodCount> of_method{};  // index into `outcomes`
  std::uint32_t source_classes = 1;
  std::uint32_t words = 0;       // of a destination mask
  std::uint32_t cell_table = 0;  // offsets into the tables; the cells are dense
  std::uint32_t mask_table = 0;
  auto operator<=>(const MatchCode&) const = default;
};

// For each route the running sums of its weights.
using SplitCode = std::vector<std::vector<std::uint64_t>>;

struct CodeShape {
  std::optional<MatchCode> match;  // absent: smic_v1_match is the kernel
  std::optional<SplitCode> split;  // absent: smic_v1_split is the kernel
  auto operator<=>(const CodeShape&) const = default;
};

// Bounds on what becomes code; above them the kernel is as fast and compiles at once.
inline constexpr std::size_t kMaxCodeTerms = 32;  // of all outcomes together
inline constexpr std::size_t kMaxCodeRoutes = 16;
inline constexpr std::size_t kMaxCodeBackends = 64;  // of all routes together

CodeShape read_code_shape(const decision::Decision& decision);

}  // namespace smic::codegen
