// SPDX-License-Identifier: Apache-2.0
// IR in, IR with the same meaning out. One list says which passes there are, in which order and
// why; the driver can skip, time, verify after and print after any of them. Passes never see the
// model, and never change what evaluate() answers.
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
  std::set<std::string, std::less<>> disabled;                                   // by name
  std::function<void(std::string_view pass, const ir::Unit&)> after;             // print or check
  std::function<void(std::string_view pass, double microseconds)> timing;
};

// Runs them; every result is verified, and a pass that breaks a unit is our bug, not an error.
ir::Unit run(ir::Unit unit, const Options& options);

}  // namespace smic::passes
