// SPDX-License-Identifier: Apache-2.0
#include "tests/differential/engines.h"

#include <memory>

#include "base/check.h"
#include "compiler/codegen/codegen.h"
#include "compiler/judge.h"
#include "compiler/passes/passes.h"
#include "contract/kernel.h"
#include "runtime/program/program.h"
#include "tests/differential/other_cpu.h"
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

// An image as the proxy loads it. Both engines of an image read the same bytes.
Ask image(const ir::Unit& unit, program::Engine engine, std::string_view target) {
  auto decision = decision::decide(unit);
  const auto bytes = codegen::emit_image(decision, target);
  SMIC_CHECK(bytes.has_value(), bytes ? "" : bytes.error().message.c_str());
  const auto program = program::load(*bytes, engine);
  SMIC_CHECK(program.has_value(), program ? "" : program.error().message.c_str());
  return [unit, decision = std::move(decision), program = *program](const ir::Request& request) {
    return decided(
        unit, decision, request,
        [&](const auto& view, auto& verdict) { program->match(view, verdict); },
        [&](std::uint32_t route, std::uint64_t entropy) { return program->split(route, entropy); });
  };
}

Ask emulated(const ir::Unit& unit) {
  auto decision = decision::decide(unit);
  const auto object = codegen::emit_object(decision, "aarch64");
  SMIC_CHECK(object.has_value(), object ? "" : object.error().message.c_str());
  const auto code = std::make_shared<EmulatedUnit>(*object, decision.shape.header_slots.size());
  return [unit, decision = std::move(decision), code](const ir::Request& request) {
    return decided(
        unit, decision, request,
        [&](const auto& view, auto& verdict) { code->match(view, verdict); },
        [&](std::uint32_t, std::uint64_t entropy) { return code->split(entropy); });
  };
}

ir::Unit all_passes(ir::Unit unit) { return passes::run(std::move(unit), {}); }

std::vector<Engine> list() {
  std::vector<Engine> engines = {{"automata", automata}};
  for (const passes::Pass& pass : passes::all()) {
    const std::string name(pass.name);
    engines.push_back({"pass " + name + " alone", after(pass.run)});
    engines.push_back({"all passes but " + name, after([name](ir::Unit unit) {
                         return passes::run(std::move(unit), {.disabled = {name}});
                       })});
  }
  engines.push_back({"all passes", after(all_passes)});
  engines.push_back({"tables, passes off", tables});
  engines.push_back({"tables", [](const ir::Unit& raw) { return tables(all_passes(raw)); }});
  const auto image_after = [](auto change, program::Engine engine) {
    const std::string& target = codegen::targets().front();
    return [=](const ir::Unit& raw) { return image(change(raw), engine, target); };
  };
  const auto as_it_is = [](ir::Unit unit) { return unit; };
  engines.push_back({"image, portable", image_after(all_passes, program::Engine::portable), true});
  engines.push_back({"native code", image_after(all_passes, program::Engine::native), true});
  engines.push_back(
      {"native code, passes off", image_after(as_it_is, program::Engine::native), true});
  engines.push_back(
      {"AArch64 code", [](const ir::Unit& raw) { return emulated(all_passes(raw)); }, true});
#if defined(__x86_64__)
  if (__builtin_cpu_supports("x86-64-v3")) {
    engines.push_back({"native code for x86_64-v3",
                       [](const ir::Unit& raw) {
                         return image(all_passes(raw), program::Engine::native, "x86_64-v3");
                       },
                       true});
  }
#endif
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
