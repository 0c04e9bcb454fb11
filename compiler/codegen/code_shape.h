// SPDX-License-Identifier: Apache-2.0
// What of a decision becomes code, read off its tables. All else is data that the kernel walks.
// The machine code of a unit is a function of this and the target alone, and what differs from unit
// to unit, texts and weights, stands in the tables: so the ten thousand services of a cluster are
// compiled once for each shape that their rules have.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "compiler/codegen/path_code.h"
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

// What holds for a request of one of `methods`.
struct EntryCode {
  std::uint32_t methods = 0;  // bit 1 << method
  OutcomeCode outcome;
  auto operator<=>(const EntryCode&) const = default;
};

// What the path patterns that were matched mean. Header conditions and long lists stay data: then
// the kernel is asked for the leaf `kernel_at`, if the method is one of those it speaks of.
struct LeafCode {
  std::vector<EntryCode> entries;
  std::uint32_t kernel_at = 0;
  std::uint32_t kernel_methods = 0;
  auto operator<=>(const LeafCode&) const = default;
};

struct MatchCode {
  std::vector<OutcomeCode> outcomes;                              // distinct, before any pattern
  std::array<std::uint32_t, contract::kMethodCount> of_method{};  // index into `outcomes`
  std::optional<LeafCode> base;                                   // header conditions alone
  PathCode paths;
  std::vector<LeafCode> leaves;        // distinct
  std::vector<std::uint32_t> of_leaf;  // index into `leaves`, as `paths.leaves`
  std::uint32_t source_classes = 1;
  std::uint32_t words = 0;       // of a destination mask
  std::uint32_t cell_table = 0;  // offsets into the tables; the cells are dense
  std::uint32_t mask_table = 0;
  auto operator<=>(const MatchCode&) const = default;
};

// Of a route how many backends it has, and where the running sums of their weights are: a change of
// weights compiles nothing.
struct RouteCode {
  std::uint32_t backends = 0;  // 0 also if all weights are zero
  std::uint32_t sums_at = 0;   // of one backend they are not asked
  auto operator<=>(const RouteCode&) const = default;
};
using SplitCode = std::vector<RouteCode>;

struct CodeShape {
  std::optional<MatchCode> match;  // absent: smic_v1_match is the kernel
  std::optional<SplitCode> split;  // absent: smic_v1_split is the kernel
  auto operator<=>(const CodeShape&) const = default;
};

// Bounds on what becomes code. Above them the kernel compiles at once and is nearly as fast: code
// for ten rules takes LLVM 2 to 4 ms and saves 30 ns a decision, for thirty rules it saves nothing.
inline constexpr std::size_t kMaxCodeTerms = 32;    // of all outcomes before any pattern
inline constexpr std::size_t kMaxLeafTerms = 8;     // of one leaf, and entries
inline constexpr std::size_t kMaxPathOps = 16;      // of all programs together, and leaves
inline constexpr std::size_t kMaxPathBytes = 2048;  // of text and keys in them
inline constexpr std::size_t kMaxCodeRoutes = 16;
inline constexpr std::size_t kMaxCodeBackends = 64;  // of all routes together

CodeShape read_code_shape(const decision::Decision& decision);

}  // namespace smic::codegen
