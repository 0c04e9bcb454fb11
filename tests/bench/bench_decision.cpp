// SPDX-License-Identifier: Apache-2.0
// What one decision costs with 10 to 100,000 rules in one unit, with 10,000 rules in 200 units, and
// what linear RE2, RE2::Set and Vectorscan cost for the same answers.
//
// How it is measured: every size is asked the same number of distinct requests (uniformly random
// rules, 5 % on no rule), stored one after the other in one block, so that the caches see the same
// stream of strings at every size and only the tables differ. Sizes and engines take turns round by
// round, and CPU time of this thread is counted; told are the best and the median round. Each turn
// is done twice and only the second is counted, the peers' too: what the others left in the caches
// is not what is asked for. Peers
// evaluate a sample of the same requests, and all answers are compared before anything is timed.
//
// What the peers do: "linear" tries one RE2 per rule, method first, then path, then header. Access
// is a union, so all rules are tried; "first" stops at the first rule that holds, as a router
// without access rules could (and so answers less). RE2::Set finds all matching paths in one pass,
// then methods and headers of those are tried; so does a scan of Vectorscan's, in block mode.
#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <functional>
#include <memory>
#include <string_view>

#include "base/check.h"
#include "compiler/decision/decision.h"
#include "contract/check_tables.h"
#include "contract/kernel.h"
#include "tests/bench/figures.h"
#include "tests/bench/path_database.h"
#include "tests/bench/route_tables.h"

namespace smic::bench {
namespace {

constexpr std::uint64_t kSeed = 20261122;
constexpr std::size_t kRequests = 16'384;
constexpr std::size_t kRounds = 40;
constexpr double kMisses = 0.05;
constexpr std::size_t kMostSetRules = 10'000;  // more take RE2::Set gigabytes, Vectorscan minutes
constexpr std::size_t kUnits = 200;

// Only what the bench's units have: one destination, one header name.
struct Answer {
  std::uint32_t route = 0;
  bool allowed = false;
  bool operator==(const Answer&) const = default;
};

// ---- requests ----------------------------------------------------------------------------------

// Views of requests whose bytes lie in one block, in the order in which they are asked.
class Stream {
 public:
  Stream(const std::vector<ir::Request>& requests, const decision::Decision& decision)
      : lines_(requests.size()), slots_(requests.size()) {
    std::size_t bytes = 0;
    for (const ir::Request& r : requests) bytes += r.path.size() + r.headers[0].second.size();
    block_.reserve(bytes);
    const bool asks = !decision.shape.header_slots.empty();
    for (std::size_t i = 0; i < requests.size(); ++i) {
      const ir::Request& r = requests[i];
      const contract::Slice path = append(r.path);
      lines_[i] = append(r.headers[0].second);
      slots_[i] = {&lines_[i], 1};
      views_.push_back({path, asks ? &slots_[i] : nullptr, static_cast<std::uint32_t>(r.method),
                        class_of(ir::to_string(*r.source), decision)});
    }
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  const std::vector<contract::RequestView>& views() const { return views_; }

 private:
  contract::Slice append(const std::string& text) {
    const std::size_t at = block_.size();
    block_ += text;
    return {block_.data() + at, text.size()};
  }

  static std::uint32_t class_of(const std::string& identity, const decision::Decision& decision) {
    const auto& sources = decision.names.sources;
    const auto at =
        std::ranges::lower_bound(sources, identity, {}, &contract::SourceClass::identity);
    return at != sources.end() && at->identity == identity ? at->value : 0;
  }

  std::string block_;
  std::vector<contract::Slice> lines_;
  std::vector<contract::HeaderSlot> slots_;
  std::vector<contract::RequestView> views_;
};

// ---- peers -------------------------------------------------------------------------------------

// The unit as a proxy without a compiler would hold it: a list of rules with compiled patterns.
class Peers {
 public:
  explicit Peers(const ir::Unit& unit) : unit_(unit), set_(set_options(), RE2::ANCHOR_START) {
    for (const ir::Match& match : unit.matches) {
      paths_.push_back(std::make_unique<RE2>(*match.path));
      headers_.push_back(match.headers.empty() ? nullptr
                                               : std::make_unique<RE2>(match.headers[0].regex));
      if (unit.matches.size() > kMostSetRules) continue;
      SMIC_CHECK(set_.Add(*match.path, nullptr) >= 0, "a bench's pattern is a pattern");
    }
    has_set_ = unit.matches.size() <= kMostSetRules;
    SMIC_CHECK(!has_set_ || set_.Compile(), "RE2::Set compiles");
    if (has_set_) vectorscan_ = std::make_unique<PathDatabase>(unit);
    outcomes_.resize(unit.matches.size(), {static_cast<std::uint32_t>(unit.routes.size() - 1), {}});
    for (std::uint32_t route = 0; route < unit.routes.size(); ++route) {
      each_match(unit.routes[route].when, [&](Outcome& o) { o.route = std::min(o.route, route); });
    }
    for (const ir::Allow& allow : unit.allows) {
      const auto& members = unit.sources[std::get<ir::SourceSetId>(allow.from).value].members;
      each_match(allow.when, [&](Outcome& o) { o.callers = &members; });
    }
  }

  Answer linear(const ir::Request& request, bool first) const {
    Answer answer = nothing();
    for (std::size_t i = 0; i < paths_.size(); ++i) {
      if (!method_holds(i, request) || !starts(*paths_[i], request.path)) continue;
      if (!header_holds(i, request)) continue;
      reach(i, request, answer);
      if (first) break;
    }
    return answer;
  }

  bool has_set() const { return has_set_; }

  Answer set(const ir::Request& request, std::vector<int>& found) const {
    found.clear();
    set_.Match(request.path, &found);
    return of_paths(request, found);
  }

  Answer vectorscan(const ir::Request& request, std::vector<int>& found) const {
    found.clear();
    vectorscan_->match(request.path, found);
    return of_paths(request, found);
  }

 private:
  struct Outcome {
    std::uint32_t route;
    const std::set<ir::Identity>* callers;
  };

  // The answer, where `found` are the rules whose path holds.
  Answer of_paths(const ir::Request& request, const std::vector<int>& found) const {
    Answer answer = nothing();
    for (const int i : found) {
      if (method_holds(i, request) && header_holds(i, request)) reach(i, request, answer);
    }
    return answer;
  }

  static RE2::Options set_options() {
    RE2::Options options;
    options.set_max_mem(std::int64_t{1} << 30);  // the default of 8 MB fails at 10,000 patterns
    return options;
  }

  template <class Act>
  void each_match(const ir::Condition& when, Act act) {
    const auto* any = std::get_if<ir::AnyOf>(&when);
    if (any == nullptr) return;
    for (const ir::MatchId id : any->matches) act(outcomes_[id.value]);
  }

  Answer nothing() const { return {static_cast<std::uint32_t>(unit_.routes.size() - 1), false}; }

  static bool starts(const RE2& pattern, const std::string& path) {
    return pattern.Match(path, 0, path.size(), RE2::ANCHOR_START, nullptr, 0);
  }
  bool method_holds(std::size_t i, const ir::Request& request) const {
    return (unit_.matches[i].methods & ir::method_bit(request.method)) != 0;
  }
  bool header_holds(std::size_t i, const ir::Request& request) const {
    return headers_[i] == nullptr || RE2::FullMatch(request.headers[0].second, *headers_[i]);
  }
  void reach(std::size_t i, const ir::Request& request, Answer& answer) const {
    answer.route = std::min(answer.route, outcomes_[i].route);
    answer.allowed |=
        outcomes_[i].callers != nullptr && outcomes_[i].callers->contains(*request.source);
  }

  const ir::Unit& unit_;
  std::vector<std::unique_ptr<RE2>> paths_, headers_;
  RE2::Set set_;
  bool has_set_ = true;
  std::unique_ptr<PathDatabase> vectorscan_;  // if has_set_
  std::vector<Outcome> outcomes_;
};

// ---- timing ------------------------------------------------------------------------------------

double cpu_nanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

struct Times {
  std::vector<double> rounds;  // ns per decision

  void time(std::size_t decisions, const std::function<void()>& work) {
    work();
    const double start = cpu_nanoseconds();
    work();
    rounds.push_back((cpu_nanoseconds() - start) / static_cast<double>(decisions));
  }
  double best() const { return *std::ranges::min_element(rounds); }
  double median() const {
    std::vector<double> sorted = rounds;
    std::ranges::sort(sorted);
    return sorted[sorted.size() / 2];
  }
};

volatile std::uint64_t g_sink;  // keeps the answers from being optimised away

// Requests for one unit, timed.
struct Traffic {
  Traffic(const ir::Unit& unit, const decision::Decision& decision, Popularity popularity)
      : tables(decision.tables.data()),
        requests(bench::requests(unit, kRequests, kMisses, kSeed + 1, popularity)),
        stream(requests, decision) {}

  Answer answer(std::size_t i) const {
    contract::Verdict verdict;
    contract::kernel().match(tables, &stream.views()[i], &verdict);
    return {verdict.route, (verdict.allowed[0] & 1) != 0};
  }

  void time() {
    times.time(kRequests, [&] {
      std::uint64_t sum = 0;
      for (const contract::RequestView& view : stream.views()) {
        contract::Verdict verdict;
        contract::kernel().match(tables, &view, &verdict);
        sum += verdict.route + verdict.allowed[0];
      }
      g_sink = sum;
    });
  }

  const std::uint8_t* tables;
  std::vector<ir::Request> requests;
  Stream stream;
  Times times;
};

struct Case {
  explicit Case(std::size_t rules)
      : rules(rules),
        unit(route_table(rules, kSeed)),
        decision(decision::decide(unit)),
        uniform(unit, decision, Popularity::uniform),
        zipf(unit, decision, Popularity::zipf),
        peers(unit),
        sample(std::clamp<std::size_t>(2'000'000 / rules / 20, 16, 4096)) {
    SMIC_CHECK(contract::check_tables(decision.tables, decision.shape).has_value(),
               "a bench's tables are sound");
  }

  void compare_answers() const {
    std::vector<int> found;
    for (const Traffic* traffic : {&uniform, &zipf}) {
      for (std::size_t i = 0; i < sample; ++i) {
        const ir::Request& request = traffic->requests[i];
        const Answer ours = traffic->answer(i);
        SMIC_CHECK(ours == peers.linear(request, false), "linear RE2 gives the same answer");
        SMIC_CHECK(!peers.has_set() || ours == peers.set(request, found),
                   "RE2::Set gives the same answer");
        SMIC_CHECK(!peers.has_set() || ours == peers.vectorscan(request, found),
                   "Vectorscan gives the same answer");
      }
    }
  }

  void time_peers() {
    std::vector<int> found;
    const auto timed = [&](Times& times, std::size_t count, auto answer) {
      times.time(count, [&] {
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < count; ++i) sum += answer(uniform.requests[i]).route;
        g_sink = sum;
      });
    };
    timed(linear, sample, [&](const ir::Request& r) { return peers.linear(r, false); });
    timed(first, sample, [&](const ir::Request& r) { return peers.linear(r, true); });
    if (peers.has_set()) {
      timed(set, kRequests, [&](const ir::Request& r) { return peers.set(r, found); });
      timed(vectorscan, kRequests,
            [&](const ir::Request& r) { return peers.vectorscan(r, found); });
    }
  }

  std::size_t rules;
  ir::Unit unit;
  decision::Decision decision;
  Traffic uniform, zipf;
  Peers peers;
  std::size_t sample;  // requests that linear RE2 is asked
  Times linear, first, set, vectorscan;
};

// As many rules as the largest unit that is judged, in many units that are asked in turn.
struct ManyUnits {
  ManyUnits() : unit(route_table(kMostSetRules / kUnits, kSeed)) {
    for (std::size_t i = 0; i < kUnits; ++i) decisions.push_back(decision::decide(unit));
    traffic = std::make_unique<Traffic>(unit, decisions[0], Popularity::uniform);
  }

  void time() {
    times.time(kRequests, [&] {
      std::uint64_t sum = 0;
      std::size_t at = 0;
      for (const contract::RequestView& view : traffic->stream.views()) {
        contract::Verdict verdict;
        at = (at + 77) % kUnits;  // each in its turn, none beside the one before
        contract::kernel().match(decisions[at].tables.data(), &view, &verdict);
        sum += verdict.route + verdict.allowed[0];
      }
      g_sink = sum;
    });
  }

  ir::Unit unit;
  std::vector<decision::Decision> decisions;  // alike, in memory of their own
  std::unique_ptr<Traffic> traffic;
  Times times;
};

std::string rounded(const Times& times) {
  if (times.rounds.empty()) return "-";
  char text[64];
  std::snprintf(text, sizeof text, "%.0f / %.0f", times.best(), times.median());
  return text;
}

void report(const Case& c, Figures& figures) {
  const double bytes = static_cast<double>(c.decision.tables.size()) / c.rules;
  std::printf("%7zu %12s %12s %22s %22s %14s %14s %8.0f\n", c.rules,
              rounded(c.uniform.times).c_str(), rounded(c.zipf.times).c_str(),
              rounded(c.linear).c_str(), rounded(c.first).c_str(), rounded(c.set).c_str(),
              rounded(c.vectorscan).c_str(), bytes);
  const std::string name = "decision-" + std::to_string(c.rules);
  figures.add(name, c.uniform.times.median(), "ns", "");
  figures.add(name + "-zipf", c.zipf.times.median(), "ns", "");
  figures.add(name + "-vs-linear-re2", c.linear.median() / c.uniform.times.median(), "times faster",
              "one RE2 per rule, all rules");
  if (c.peers.has_set()) {
    figures.add(name + "-vs-re2-set", c.set.median() / c.uniform.times.median(), "times faster",
                "RE2::Set 20220601");
    figures.add(name + "-vs-vectorscan", c.vectorscan.median() / c.uniform.times.median(),
                "times faster", "Vectorscan");
  }
  figures.add(name + "-tables", bytes, "bytes per rule", "");
}

void report_ratio(const Case& few, const Case& many, Figures& figures) {
  const auto tell = [&](const char* suffix, const Times& a, const Times& b) {
    const std::string name = std::to_string(many.rules) + "-vs-" + std::to_string(few.rules);
    std::printf("%s%s: %.2f (best rounds: %.2f)\n", name.c_str(), suffix, b.median() / a.median(),
                b.best() / a.best());
    figures.add("decision-" + name + suffix, b.median() / a.median(), "ratio",
                "the same engine with fewer rules");
  };
  tell("", few.uniform.times, many.uniform.times);
  tell("-zipf", few.zipf.times, many.zipf.times);
}

void run(Figures& figures) {
  std::vector<std::unique_ptr<Case>> cases;
  for (const std::size_t rules : {10, 100, 1'000, 10'000, 100'000}) {
    cases.push_back(std::make_unique<Case>(rules));
    cases.back()->compare_answers();
  }
  ManyUnits many;
  for (std::size_t round = 0; round < kRounds; ++round) {
    for (const auto& c : cases) {
      c->uniform.time();
      c->zipf.time();
      if (round % 10 == 0) c->time_peers();
    }
    many.time();
  }
  std::printf("ns per decision, best / median of %zu rounds of %zu requests\n", kRounds, kRequests);
  std::printf("%7s %12s %12s %22s %22s %14s %14s %8s\n", "rules", "smic", "smic, Zipf",
              "linear RE2, all", "linear RE2, first", "RE2::Set", "Vectorscan", "bytes");
  for (const auto& c : cases) report(*c, figures);
  std::printf("%zu rules in %zu units: %s\n", kMostSetRules, kUnits, rounded(many.times).c_str());
  figures.add("decision-10000-in-200-units", many.times.median(), "ns", "");
  report_ratio(*cases[0], *cases[3], figures);
  report_ratio(*cases[0], *cases[4], figures);
}

}  // namespace
}  // namespace smic::bench

int main(int argc, char** argv) {
  smic::bench::Figures figures;
  smic::bench::run(figures);
  return figures.write(argc, argv);
}
