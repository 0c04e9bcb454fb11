// SPDX-License-Identifier: Apache-2.0
// What a changed unit costs to compile: passes, automata, decision, LLVM, image. CPU time of this
// thread, best of several, so that a busy neighbour does not show. Peer in the same run: RE2::Set
// compiling the same path patterns, which is what a proxy that does not generate code would do.
#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <functional>
#include <limits>
#include <string_view>

#include "base/check.h"
#include "compiler/compile.h"
#include "tests/bench/figures.h"
#include "tests/bench/route_tables.h"

namespace smic::bench {
namespace {

constexpr std::uint64_t kSeed = 20261122;

double cpu_milliseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

double best_of(int rounds, const std::function<void()>& work) {
  double best = std::numeric_limits<double>::max();
  for (int round = 0; round < rounds; ++round) {
    const double start = cpu_milliseconds();
    work();
    best = std::min(best, cpu_milliseconds() - start);
  }
  return best;
}

std::size_t image_bytes(const ir::Unit& unit) {
  const auto compiled = compile_unit(unit, {});
  SMIC_CHECK(compiled.has_value(), "a bench's unit compiles");
  return compiled->image.size();
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

void run(Figures& figures) {
  std::printf("%8s %14s %14s %16s %12s\n", "rules", "smic ms", "us per rule", "RE2::Set ms",
              "image bytes");
  for (const std::size_t rules : {1, 10, 100, 1'000, 10'000}) {
    ir::Unit unit = route_table(rules, kSeed);
    const int rounds = rules > 1'000 ? 2 : 10;
    std::size_t bytes = 0;
    const double smic = best_of(rounds, [&] {
      ++std::get<ir::Forward>(unit.routes[0].action).backends[0].weight;  // no code is remembered
      bytes = image_bytes(unit);
    });
    const double re2 = best_of(rounds, [&] { compile_re2_set(unit); });
    std::printf("%8zu %14.2f %14.1f %16.2f %12zu\n", rules, smic,
                smic * 1e3 / static_cast<double>(rules), re2, bytes);
    const std::string name = "compile-unit-" + std::to_string(rules);
    figures.add(name, smic, "ms", "");
    figures.add(name + "-vs-re2-set", smic / re2, "ratio", "RE2::Set 20220601, compile only");
    figures.add(name + "-image", static_cast<double>(bytes) / static_cast<double>(rules),
                "bytes per rule", "");
  }
}

}  // namespace
}  // namespace smic::bench

int main(int argc, char** argv) {
  smic::bench::Figures figures;
  smic::bench::run(figures);
  return figures.write(argc, argv);
}
