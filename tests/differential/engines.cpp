// SPDX-License-Identifier: Apache-2.0
#include "tests/differential/engines.h"

#include <memory>

#include "compiler/judge.h"
#include "compiler/passes/passes.h"
#include "contract/kernel.h"
#include "tests/support/re2_judge.h"

namespace smic::test {
namespace {

ir::RegexJudge& re2() {
  static Re2Judge judge;  // compiles every pattern of a run once
  return judge;
}

// The interpreter on what `change` makes of the unit.
std::function<Ask(const ir::Unit&)> after(std::function<ir::Unit(ir::Unit)> change) {
  return [change](const ir::Unit& raw) -> Ask {
    return [unit = change(raw)](const ir::Request& request) {
      return evaluated(unit, request, re2());
    };
  };
}

Ask automata(const ir::Unit& unit) {
  auto judge = std::make_shared<AutomataJudge>();
  return [unit, judge](const ir::Request& request) { return evaluated(unit, request, *judge); };
}

Ask tables(const ir::Unit& unit) {
  return [unit, decision = decision::decide(unit)](const ir::Request& request) {
    const std::uint8_t* tables = decision.tables.data();
    return decided(
        unit, decision, request,
        [tables](const auto& view, auto& verdict) {
          contract::smic_kernel_match(tables, &view, &verdict);
        },
        [tables](std::uint32_t route, std::uint64_t entropy) {
          return contract::smic_kernel_split(tables, route, entropy);
        });
  };
}

ir::Unit all_passes(ir::Unit unit) { return passes::run(std::move(unit), {}); }

std::vector<Engine> list() {
  std::vector<Engine> engines = {{"automata", automata}};
  for (const passes::Pass& pass : passes::all()) {
    engines.push_back({"pass " + std::string(pass.name) + " alone", after(pass.run)});
  }
  engines.push_back({"all passes", after(all_passes)});
  engines.push_back({"tables, passes off", tables});
  engines.push_back({"tables", [](const ir::Unit& raw) { return tables(all_passes(raw)); }});
  return engines;
}

}  // namespace

Ask reference(const ir::Unit& unit) {
  return [&unit](const ir::Request& request) { return evaluated(unit, request, re2()); };
}

const std::vector<Engine>& engines() {
  static const std::vector<Engine> kEngines = list();
  return kEngines;
}

}  // namespace smic::test
