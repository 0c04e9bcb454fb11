// SPDX-License-Identifier: Apache-2.0
// IR in, IR with the same meaning out. One list says which passes there are, in which order and
// why; the driver can skip, time, verify after and print after any of them. Passes never see the
// model.
//
// The same meaning is: for every request
//   - the route that evaluate() chooses has the same action and the same origin, and
//   - the same endpoints are allowed: the destinations of the allows that hold cover the same
//     (identity, pod port) pairs.
// Indices of routes and allows may change, and where two allows become one, the least of their
// origins stays. So who wants to name the allows that let a request pass asks the raw unit.
//
// The list is run again until nothing changes, because one pass's result is another's chance. Each
// pass leaves a unit alone or makes it smaller (by alternatives, routes, allows or bytes of
// patterns), so that ends, usually in the second round; and compiling a compiled unit's text gives
// the same text again.
#pragma once

#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "compiler/ir/ir.h"

namespace smic::passes {

struct Pass {
  std::string_view name;
  std::string_view why;
  ir::Unit (*run)(ir::Unit);
};

// In the order they run.
std::span<const Pass> all();

struct Options {
  std::set<std::string, std::less<>> disabled;  // by name
  // Print or measure; `before` is what the pass was given.
  std::function<void(std::string_view pass, const ir::Unit& before, const ir::Unit& after)> after;
  std::function<void(std::string_view pass, double microseconds)> timing;
};

// Runs them; every result is verified, and a pass that breaks a unit is our bug, not an error.
ir::Unit run(ir::Unit unit, const Options& options);

}  // namespace smic::passes
