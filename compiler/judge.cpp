// SPDX-License-Identifier: Apache-2.0
// Tested by tests/differential, beside RE2.
#include "compiler/judge.h"

#include "base/check.h"
#include "compiler/automata/automata.h"

namespace smic {

struct AutomataJudge::Automaton {
  Automaton(const std::string& regex, automata::Anchor anchor) {
    const auto parsed = automata::parse(regex);
    SMIC_CHECK(parsed.has_value(), "a pattern was judged that the front half refuses");
    groups = automata::build({*parsed}, anchor, 1);
  }

  std::vector<automata::Group> groups;  // one
};

AutomataJudge::AutomataJudge() = default;
AutomataJudge::~AutomataJudge() = default;

bool AutomataJudge::matches(const std::string& regex, std::string_view subject, bool whole) {
  std::unique_ptr<Automaton>& known = automata_[{regex, whole}];
  if (!known) {
    known = std::make_unique<Automaton>(regex,
                                        whole ? automata::Anchor::both : automata::Anchor::start);
  }
  const automata::Dfa& dfa = known->groups.front().dfa;
  return automata::run(dfa, subject) != 0;  // set 0 is the empty one
}

}  // namespace smic
