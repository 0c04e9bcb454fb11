// SPDX-License-Identifier: Apache-2.0
// Tested by tests/integration/compile_test.py.
#include "cli/compile_stats.h"

#include <iomanip>
#include <set>
#include <sstream>

#include "base/log.h"
#include "compiler/automata/automata.h"
#include "compiler/codegen/codegen.h"
#include "compiler/decision/decision.h"

namespace smic::cli {
namespace {

constexpr std::size_t kShownPatterns = 5;

struct UnitStats {
  std::string unit;
  std::size_t rules_written = 0;
  std::size_t rules = 0;
  decision::Description description;
  codegen::CodeFigures code;
  std::size_t table_bytes = 0;
  std::size_t image_bytes = 0;
  std::string image;
};

std::size_t rules_of(const ir::Unit& unit) {
  return unit.matches.size() + unit.routes.size() + unit.allows.size();
}

std::string counted(std::size_t n, const std::string& thing) {
  return std::to_string(n) + ' ' + thing + (n == 1 ? "" : "s");
}

Result<UnitStats> measure(const ir::Unit& raw, const CompileOptions& options) {
  const ir::Unit unit = passes::run(raw, options.passes);
  const decision::Decision decision = decision::decide(unit);
  const auto compiled = compile_unit(raw, options);
  if (!compiled) return std::unexpected(compiled.error());
  const bool code = !compiled->native.empty();
  return UnitStats{.unit = ir::to_string(raw.service) + ':' + std::to_string(raw.port),
                   .rules_written = rules_of(raw),
                   .rules = rules_of(unit),
                   .description = decision::describe(unit),
                   .code = codegen::figures_of(decision),
                   .table_bytes = decision.tables.size(),
                   .image_bytes = code ? compiled->native[0].size() : compiled->image.size(),
                   .image = code ? compiled->names.native[0].digest : compiled->names.image};
}

// ---- why ----------------------------------------------------------------------------------------

std::string why_bits(const decision::AutomatonFigures& automaton) {
  const automata::Limits& limits = automata::limits();
  if (!automaton.too_large_alone) {
    return "the unit's patterns together have used up their budget of " +
           counted(limits.work_per_unit, "step") + " and " +
           counted(limits.states_per_unit, "state");
  }
  return "its automaton alone goes beyond " + counted(limits.states_per_pattern, "state") + " or " +
         counted(limits.work_per_pattern, "step");
}

std::string why_code(const codegen::CodeFigures& code) {
  const std::string most = counted(code.most_path_ops, "op");
  if (!code.path_ops) return "tables: it has an op that is never code";
  const std::string ops = counted(*code.path_ops, "op");
  if (code.match_is_code) return "machine code: " + ops + ", and up to " + most + " are code";
  if (*code.path_ops > code.most_path_ops) {
    return "tables: " + ops + ", and only up to " + most + " are code";
  }
  return "tables: its text or access rules are too many for code";
}

// ---- for people ---------------------------------------------------------------------------------

std::string patterns_of(const decision::AutomatonFigures& automaton) {
  std::string text;
  for (std::size_t i = 0; i < automaton.patterns.size() && i < kShownPatterns; ++i) {
    text += "\n      " + automaton.patterns[i];
  }
  const std::size_t more =
      automaton.patterns.size() - std::min(automaton.patterns.size(), kShownPatterns);
  return more == 0 ? text : text + "\n      … and " + std::to_string(more) + " more";
}

std::string line_of(const decision::AutomatonFigures& automaton) {
  const std::string subject = automaton.subject == "path" ? "path" : "header " + automaton.subject;
  if (automaton.bits) {
    return "  " + subject + ": a bit for each of " + counted(automaton.size, "position") +
           ", since " + why_bits(automaton) + patterns_of(automaton) + '\n';
  }
  return "  " + subject + ": an automaton of " + counted(automaton.size, "state") + " for " +
         counted(automaton.patterns.size(), "pattern") + patterns_of(automaton) + '\n';
}

std::string human(const std::vector<UnitStats>& units) {
  std::string text;
  std::size_t bytes = 0;
  std::set<std::string> images;
  for (const UnitStats& unit : units) {
    text += unit.unit + '\n';
    text += "  rules: " + std::to_string(unit.rules_written) + " as written, " +
            std::to_string(unit.rules) + " after passes\n";
    text += "  match: " + why_code(unit.code) + '\n';
    text += "  sizes: tables " + counted(unit.table_bytes, "byte") + ", image " +
            counted(unit.image_bytes, "byte") + ", " + unit.image + '\n';
    for (const decision::AutomatonFigures& each : unit.description.automata) text += line_of(each);
    if (images.insert(unit.image).second) bytes += unit.image_bytes;
  }
  return text + counted(units.size(), "unit") + ", " + counted(images.size(), "image") + " of " +
         counted(bytes, "byte") + '\n';
}

// ---- for programs -------------------------------------------------------------------------------

std::string json_text(std::string_view text) { return '"' + json_escape(text) + '"'; }

template <class Items, class Write>
std::string array(const Items& items, Write write) {
  std::string text = "[";
  for (const auto& item : items) text += (text.size() > 1 ? "," : "") + write(item);
  return text + ']';
}

std::string json(const decision::AutomatonFigures& automaton) {
  std::string text = "{\"subject\":" + json_text(automaton.subject);
  text +=
      automaton.bits ? ",\"form\":\"bits\",\"positions\":" : ",\"form\":\"automaton\",\"states\":";
  text += std::to_string(automaton.size);
  if (automaton.bits) text += ",\"why\":" + json_text(why_bits(automaton));
  return text + ",\"patterns\":" + array(automaton.patterns, json_text) + '}';
}

std::string json(const UnitStats& unit) {
  return "{\"unit\":" + json_text(unit.unit) + ",\"rules\":" + std::to_string(unit.rules_written) +
         ",\"rules_after_passes\":" + std::to_string(unit.rules) +
         ",\"match\":" + (unit.code.match_is_code ? "\"code\"" : "\"tables\"") +
         ",\"why\":" + json_text(why_code(unit.code)) +
         ",\"table_bytes\":" + std::to_string(unit.table_bytes) +
         ",\"image_bytes\":" + std::to_string(unit.image_bytes) +
         ",\"image\":" + json_text(unit.image) + ",\"automata\":" +
         array(unit.description.automata,
               [](const decision::AutomatonFigures& each) { return json(each); }) +
         '}';
}

}  // namespace

Result<std::string> stats_of(const std::vector<ir::Unit>& raw, const CompileOptions& options,
                             StatsFormat format) {
  std::vector<UnitStats> units;
  for (const ir::Unit& unit : raw) {
    auto stats = measure(unit, options);
    if (!stats) return fail(stats, ir::to_string(unit.service));
    units.push_back(*std::move(stats));
  }
  if (format == StatsFormat::human) return human(units);
  const auto write = [](const UnitStats& unit) { return json(unit); };
  return "{\"units\":" + array(units, write) + "}\n";
}

void PassFigures::add_time(std::string_view pass, double microseconds) {
  passes_[std::string(pass)].microseconds += microseconds;
}

void PassFigures::add_rules(std::string_view pass, const ir::Unit& before, const ir::Unit& after) {
  Figures& figures = passes_[std::string(pass)];
  figures.rules_before += rules_of(before);
  figures.rules_after += rules_of(after);
}

std::string PassFigures::table() const {
  std::ostringstream out;
  for (const passes::Pass& pass : passes::all()) {
    const auto found = passes_.find(pass.name);
    if (found == passes_.end()) continue;
    const Figures& figures = found->second;
    out << std::left << std::setw(30) << pass.name << std::right << std::setw(10) << std::fixed
        << std::setprecision(1) << figures.microseconds << " us" << std::setw(10)
        << figures.rules_before << " -> " << figures.rules_after << " rules\n";
  }
  return out.str();
}

}  // namespace smic::cli
