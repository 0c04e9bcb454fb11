// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <chrono>
#include <optional>

#include "base/check.h"
#include "compiler/passes/list.h"
#include "compiler/passes/passes.h"

namespace smic::passes {
namespace {

constexpr std::array kPasses = {
    // Equal questions must look equal before anything compares them.
    Pass{"simplify-matches", "idle pattern ends and repeated tests cost automaton states",
         simplify_matches},
    Pass{"merge-matches", "what is asked once is answered once", merge_matches},
    // All alternatives for a pair of destination and sources in one place…
    Pass{"merge-allows", "one condition per destination and sources", merge_allows},
    // …so that those which add nothing show.
    Pass{"simplify-conditions", "alternatives that add nothing cost accept sets",
         simplify_conditions},
    Pass{"prune-routes", "what an earlier route takes, no later one sees", prune_routes},
    Pass{"prune-allows", "an allow within another allows nothing more", prune_allows},
    Pass{"unite-sources", "callers with equal rights are one row", unite_sources},
    // Last, because the others leave things that nobody names any more.
    Pass{"canonicalize", "same meaning, same bytes", canonicalize},
};

ir::Unit run_timed(const Pass& pass, ir::Unit unit, const Options& options) {
  const auto start = std::chrono::steady_clock::now();
  unit = pass.run(std::move(unit));
  const std::chrono::duration<double, std::micro> spent = std::chrono::steady_clock::now() - start;
  options.timing(pass.name, spent.count());
  return unit;
}

ir::Unit run_one(const Pass& pass, ir::Unit unit, const Options& options) {
  const std::optional<ir::Unit> before = options.after ? std::optional(unit) : std::nullopt;
  unit = options.timing ? run_timed(pass, std::move(unit), options) : pass.run(std::move(unit));
  SMIC_CHECK(ir::verify(unit).has_value(), "a pass broke a unit");
  if (before) options.after(pass.name, *before, unit);
  return unit;
}

}  // namespace

std::span<const Pass> all() { return kPasses; }

ir::Unit run(ir::Unit unit, const Options& options) {
  for (bool changed = true; changed;) {
    const ir::Unit before = unit;
    for (const Pass& pass : kPasses) {
      if (!options.disabled.contains(pass.name)) unit = run_one(pass, std::move(unit), options);
    }
    changed = unit != before;
  }
  return unit;
}

}  // namespace smic::passes
