// SPDX-License-Identifier: Apache-2.0
// What native code buys: ns per decision of a unit's tables and of its code for each target that
// this machine runs, at sizes around the limits of what codegen emits as code
// (compiler/codegen/code_shape.h), and what compiling that code costs.
//
// Engines take turns round by round on the same requests (uniformly random rules, 5 % on no rule),
// and CPU time of this thread is counted; told is the median round. Answers are compared first.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <limits>

#include "base/check.h"
#include "compiler/codegen/codegen.h"
#include "compiler/decision/decision.h"
#include "runtime/program/program.h"
#include "tests/bench/figures.h"
#include "tests/bench/route_tables.h"

namespace smic::bench {
namespace {

constexpr std::uint64_t kSeed = 20261122;
constexpr std::size_t kRequests = 4'096;
constexpr std::size_t kRounds = 60;
constexpr double kMisses = 0.05;

double cpu_nanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// Views of requests, which outlive them.
struct Stream {
  std::vector<ir::Request> requests;
  std::vector<contract::Slice> lines;
  std::vector<contract::HeaderSlot> slots;
  std::vector<contract::RequestView> views;

  Stream(const ir::Unit& unit, const decision::Decision& decision)
      : requests(bench::requests(unit, kRequests, kMisses, kSeed + 1)),
        lines(kRequests),
        slots(kRequests) {
    for (std::size_t i = 0; i < kRequests; ++i) {
      const ir::Request& r = requests[i];
      const std::string& line = r.headers[0].second;
      lines[i] = {line.data(), line.size()};
      slots[i] = {&lines[i], 1};
      const auto& known = decision.names.sources;
      const auto at =
          std::ranges::find(known, ir::to_string(*r.source), &contract::SourceClass::identity);
      views.push_back({{r.path.data(), r.path.size()},
                       &slots[i],
                       static_cast<std::uint32_t>(r.method),
                       at == known.end() ? 0 : at->value});
    }
  }
};

volatile std::uint64_t g_sink;  // keeps the answers from being optimised away

double round_of(const program::Program& program, const Stream& stream) {
  const double start = cpu_nanoseconds();
  std::uint64_t sum = 0;
  for (const contract::RequestView& view : stream.views) {
    contract::Verdict verdict;
    program.match(view, verdict);
    sum += verdict.route + verdict.allowed[0];
  }
  g_sink = sum;
  return (cpu_nanoseconds() - start) / static_cast<double>(kRequests);
}

double median(std::vector<double> rounds) {
  std::ranges::sort(rounds);
  return rounds[rounds.size() / 2];
}

void compare(const program::Program& a, const program::Program& b, const Stream& stream) {
  for (const contract::RequestView& view : stream.views) {
    contract::Verdict one, other;
    a.match(view, one);
    b.match(view, other);
    SMIC_CHECK(one.route == other.route && std::ranges::equal(one.allowed, other.allowed),
               "both engines give the same answer");
  }
}

// The best of a few: code is remembered by shape, so every round is for a unit with a longer text.
double emit_milliseconds(ir::Unit unit, const std::string& target) {
  double best = std::numeric_limits<double>::max();
  for (std::uint32_t round = 0; round < 30; ++round) {
    unit.matches[0].path->insert(1, "a");
    const decision::Decision decision = decision::decide(unit);
    const double start = cpu_nanoseconds();
    SMIC_CHECK(codegen::emit_image(decision, target).has_value(), "an image");
    best = std::min(best, (cpu_nanoseconds() - start) / 1e6);
  }
  return best;
}

struct Engine {
  std::string target;
  std::shared_ptr<const program::Program> program;
  std::size_t image_bytes = 0;
  std::vector<double> rounds;
};

// The tables first, then code for each target that this machine runs.
std::vector<Engine> engines_of(const decision::Decision& decision) {
  std::vector<std::string> targets{std::string(contract::kPortableTarget)};
  const program::Targets machine = program::Engine::native;
  targets.insert(targets.end(), machine.names().rbegin(), machine.names().rend());
  std::vector<Engine> engines;
  for (const std::string& target : targets) {
    const auto image = codegen::emit_image(decision, target);
    SMIC_CHECK(image.has_value(), "a bench's unit compiles");
    auto program = program::load(*image, machine);
    SMIC_CHECK(program.has_value(), "an image loads");
    engines.push_back({target, *std::move(program), image->size(), {}});
  }
  return engines;
}

void run(Figures& figures) {
  std::printf("%7s %-10s %10s %12s %14s %12s\n", "rules", "engine", "ns", "of tables", "codegen ms",
              "image bytes");
  for (const std::size_t rules : {1, 3, 5, 10, 20, 30, 50, 100}) {
    const ir::Unit unit = route_table(rules, kSeed);
    const decision::Decision decision = decision::decide(unit);
    std::vector<Engine> engines = engines_of(decision);
    const Stream stream(unit, decision);
    for (const Engine& engine : engines) compare(*engines[0].program, *engine.program, stream);
    for (std::size_t round = 0; round < kRounds; ++round) {
      for (Engine& engine : engines) engine.rounds.push_back(round_of(*engine.program, stream));
    }
    const double tables = median(engines[0].rounds);
    for (const Engine& engine : engines) {
      const double ns = median(engine.rounds);
      std::printf("%7zu %-10s %10.1f %12.2f %14.2f %12zu\n", rules, engine.target.c_str(), ns,
                  ns / tables, emit_milliseconds(unit, engine.target), engine.image_bytes);
      const std::string name = engine.target + '-' + std::to_string(rules);
      figures.add(name, ns, "ns", "");
      figures.add(name + "-vs-tables", ns / tables, "ratio", "the unit's tables, interpreted");
    }
  }
}

}  // namespace
}  // namespace smic::bench

int main(int argc, char** argv) {
  smic::bench::Figures figures;
  smic::bench::run(figures);
  return figures.write(argc, argv);
}
