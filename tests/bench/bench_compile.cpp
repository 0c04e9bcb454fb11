// SPDX-License-Identifier: Apache-2.0
// What compiling costs. A changed unit: passes, automata, decision, LLVM, image; CPU time of this
// thread, best of several, so that a busy neighbour does not show. Peers in the same run, on the
// same patterns: RE2::Set and Vectorscan, which is what a proxy that generates no code would do,
// and clang -O2 on the C that one would write. And a whole mesh from its YAML, cold and after a
// change.
#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <functional>
#include <limits>
#include <string_view>

#include "base/check.h"
#include "compiler/codegen/codegen.h"
#include "compiler/unit_compiler.h"
#include "tests/bench/figures.h"
#include "tests/bench/generated_c.h"
#include "tests/bench/path_database.h"
#include "tests/bench/route_tables.h"

namespace smic::bench {
namespace {

constexpr std::uint64_t kSeed = 20261122;

double milliseconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

double best_of(int rounds, const std::function<void()>& work) {
  double best = std::numeric_limits<double>::max();
  for (int round = 0; round < rounds; ++round) {
    const double start = milliseconds_of(CLOCK_THREAD_CPUTIME_ID);
    work();
    best = std::min(best, milliseconds_of(CLOCK_THREAD_CPUTIME_ID) - start);
  }
  return best;
}

// ---- one unit -----------------------------------------------------------------------------------

std::size_t image_bytes(const ir::Unit& unit) {
  const auto compiled = compile_unit(unit, {.targets = {codegen::targets().front()}});
  SMIC_CHECK(compiled.has_value(), "a bench's unit compiles");
  return compiled->native.empty() ? compiled->image.size() : compiled->native.front().size();
}

void compile_re2_set(const ir::Unit& unit) {
  RE2::Options options;
  options.set_max_mem(1 << 30);
  RE2::Set set(options, RE2::ANCHOR_START);
  for (const ir::Match& match : unit.matches) {
    SMIC_CHECK(set.Add(*match.path, nullptr) >= 0, "a bench's pattern is a pattern");
  }
  SMIC_CHECK(set.Compile(), "RE2::Set compiles");
}

void run_units(Figures& figures) {
  std::printf("%8s %12s %12s %12s %12s %12s %12s %12s\n", "rules", "smic ms", "known shape",
              "us a rule", "RE2::Set ms", "Vectorscan ms", "clang -O2 ms", "image bytes");
  for (const std::size_t rules : {1, 10, 100, 1'000, 10'000}) {
    ir::Unit unit = route_table(rules, kSeed);
    const int rounds = rules > 1'000 ? 2 : 10;
    std::size_t bytes = 0;
    // A longer text makes the first unit of its shape; another one of that length finds its code.
    const double smic = best_of(rounds, [&] {
      unit.matches[0].path->insert(1, "a");
      bytes = image_bytes(unit);
    });
    const double known = best_of(rounds, [&] {
      ++unit.matches[0].path->at(1);
      bytes = image_bytes(unit);
    });
    const double re2 = best_of(rounds, [&] { compile_re2_set(unit); });
    const double vectorscan =
        best_of(rules > 100 ? 1 : 3, [&] { const PathDatabase compiled(unit); });
    const double clang = rules > 1'000 ? 0 : compile_with_clang(generated_c(unit));
    std::printf("%8zu %12.2f %12.2f %12.1f %12.2f %12.2f %12.1f %12zu\n", rules, smic, known,
                known * 1e3 / static_cast<double>(rules), re2, vectorscan, clang, bytes);
    const std::string name = "compile-unit-" + std::to_string(rules);
    figures.add(name, smic, "ms", "");
    figures.add(name + "-of-a-known-shape", known, "ms", "");
    figures.add(name + "-vs-re2-set", smic / re2, "ratio", "RE2::Set, compile only");
    figures.add(name + "-vs-vectorscan", smic / vectorscan, "ratio", "Vectorscan, compile only");
    if (clang > 0) figures.add(name + "-vs-clang", smic / clang, "ratio", "clang -O2");
    figures.add(name + "-image", static_cast<double>(bytes) / static_cast<double>(rules),
                "bytes per rule", "");
  }
}

// ---- a mesh -------------------------------------------------------------------------------------

constexpr std::size_t kServices = 10'000;
constexpr std::size_t kRulesEach = 10;

std::string numbered(std::string text, std::size_t i) {
  for (std::size_t at; (at = text.find('#')) != text.npos;) text.replace(at, 1, std::to_string(i));
  return text;
}

// A Service with its pod, its own routes, and one caller.
std::string service_yaml(std::size_t i) {
  std::string text = numbered(
      "apiVersion: v1\nkind: Service\nmetadata: {name: s#, namespace: shop}\n"
      "spec: {selector: {app: s#}, ports: [{port: 80}]}\n---\n"
      "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: s#, namespace: shop}\n---\n"
      "apiVersion: v1\nkind: Pod\nmetadata: {name: s#-0, namespace: shop, labels: {app: s#}}\n"
      "spec: {serviceAccountName: s#}\n---\n"
      "apiVersion: access.smi-spec.io/v1alpha3\nkind: TrafficTarget\n"
      "metadata: {name: t#, namespace: shop}\nspec:\n"
      "  destination: {kind: ServiceAccount, name: s#, namespace: shop}\n"
      "  rules: [{kind: HTTPRouteGroup, name: g#}]\n"
      "  sources: [{kind: ServiceAccount, name: s0, namespace: shop}]\n---\n"
      "apiVersion: specs.smi-spec.io/v1alpha4\nkind: HTTPRouteGroup\n"
      "metadata: {name: g#, namespace: shop}\nspec:\n  matches:\n",
      i);
  for (std::size_t j = 0; j < kRulesEach; ++j) {
    text += "  - {name: m" + std::to_string(j) + ", methods: [GET], pathRegex: '/api/v" +
            std::to_string(j % 3) + numbered("/team-#/", i) + "item-" + std::to_string(j) +
            "/[0-9]+'}\n";
  }
  return text + "---\n";
}

struct Spent {
  double wall, cpu;
};
Spent timed(const std::function<void()>& work) {
  const double wall = milliseconds_of(CLOCK_MONOTONIC);
  const double cpu = milliseconds_of(CLOCK_PROCESS_CPUTIME_ID);
  work();
  return {milliseconds_of(CLOCK_MONOTONIC) - wall, milliseconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu};
}

void tell(Figures& figures, const char* name, const char* what, Spent spent) {
  std::printf("%-52s %10.0f ms wall %10.0f ms CPU\n", what, spent.wall, spent.cpu);
  figures.add(std::string("compile-mesh-") + name, spent.wall, "ms", "");
  figures.add(std::string("compile-mesh-") + name + "-cpu", spent.cpu, "ms", "");
}

void run_mesh(Figures& figures) {
  Sources sources;
  for (std::size_t i = 0; i < kServices; i += 100) {
    std::string text;
    for (std::size_t j = i; j < i + 100; ++j) text += service_yaml(j);
    sources.add("part-" + std::to_string(i) + ".yaml", std::move(text));
  }
  std::printf("\n%zu rules in %zu services, %u threads\n", kServices * kRulesEach, kServices,
              machine_threads());
  Frontend front;
  Diagnostics diagnostics(sources);
  tell(figures, "analyze", "YAML to units",
       timed([&] { front = analyze(sources, {}, diagnostics); }));
  SMIC_CHECK(!diagnostics.has_errors(), "a bench's mesh has no errors");
  UnitCompiler compiler({});
  const auto compile = [&](std::size_t expected) {
    return timed([&] {
      const auto outputs = compiler.compile(front.units);
      SMIC_CHECK(outputs && outputs->compiled == expected, "a bench's units compile");
    });
  };
  tell(figures, "cold", "units to images", compile(front.units.size()));
  front.units[4711].matches[0].path = "/changed";
  tell(figures, "one-changed", "the same with one unit changed", compile(1));
  for (ir::Unit& unit : front.units) ++unit.routes[0].origin.line;
  tell(figures, "moved", "the same with every line moved", compile(0));
}

}  // namespace
}  // namespace smic::bench

int main(int argc, char** argv) {
  smic::bench::Figures figures;
  smic::bench::run_units(figures);
  smic::bench::run_mesh(figures);
  return figures.write(argc, argv);
}
