// SPDX-License-Identifier: Apache-2.0
// Everything that can answer for a unit, as one list: the interpreter, the passes, the tables, the
// code. A new engine is a line in engines.cpp.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/differential/answer.h"

namespace smic::test {

using Ask = std::function<Answer(const ir::Request&)>;

struct Engine {
  std::string name;
  std::function<Ask(const ir::Unit&)> load;
  bool costly = false;  // loading takes milliseconds: asked for a sample of the units only
};

// Evaluates the unit as it is, with RE2 as the judge: what is right.
Ask reference(const ir::Unit& unit);

const std::vector<Engine>& engines();

}  // namespace smic::test
