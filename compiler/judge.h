// SPDX-License-Identifier: Apache-2.0
// The compiler's own automata as the judge that ir::evaluate asks: so that `smic explain` answers
// with the very automata that images are made from. It stands beside the stages because none of
// them may know both: ir knows no automata, automata no ir.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "compiler/ir/ir.h"

namespace smic {

// Builds the automaton of each pattern once. Patterns must have passed automata::check_alone, as
// those of every unit that the front half hands on have. Not for several threads at a time.
class AutomataJudge final : public ir::RegexJudge {
 public:
  AutomataJudge();
  ~AutomataJudge() override;
  bool matches(const std::string& regex, std::string_view subject, bool whole) override;

 private:
  struct Automaton;
  std::map<std::pair<std::string, bool>, std::unique_ptr<Automaton>> automata_;
};

}  // namespace smic
