// SPDX-License-Identifier: Apache-2.0
// The encoding of automata, apart from regular expressions: automata of the shapes that route
// tables have and random ones are put into tables by hand, and the kernel must find the state that
// plain stepping finds. Route r stands for set r, so the verdict tells which set was reached.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <random>

#include "compiler/decision/graph.h"
#include "contract/check_tables.h"
#include "contract/kernel.h"

namespace smic::decision {
namespace {

using automata::Dfa;

std::uint32_t step(const Dfa& dfa, std::uint32_t state, std::uint8_t byte) {
  for (const automata::Edge& edge : dfa.edges_of(state)) {
    if (edge.first <= byte && byte <= edge.last) return edge.to;
  }
  return dfa.states[state].default_to;
}

std::uint32_t set_of(const Dfa& dfa, std::string_view subject) {
  std::uint32_t state = 0;
  for (const char c : subject) state = step(dfa, state, static_cast<std::uint8_t>(c));
  return dfa.states[state].accept;
}

// A state written as targets of bytes; `*` for the rest.
class DfaBuilder {
 public:
  explicit DfaBuilder(std::size_t sets) {
    for (std::uint32_t i = 0; i < sets; ++i) {
      dfa_.sets.push_back(i == 0 ? std::vector<std::uint32_t>{} : std::vector{i - 1});
    }
  }

  void add(std::uint32_t accept, const std::array<std::uint32_t, 256>& targets) {
    std::map<std::uint32_t, int> counts;
    for (const std::uint32_t to : targets) ++counts[to];
    const std::uint32_t common =
        std::ranges::max_element(counts, {}, [](const auto& c) { return c.second; })->first;
    automata::State state{accept, common, static_cast<std::uint32_t>(dfa_.edges.size()), 0};
    for (std::size_t b = 0; b < 256; ++b) {
      if (targets[b] == common) continue;
      const auto byte = static_cast<std::uint8_t>(b);
      if (state.edge_count != 0 && dfa_.edges.back().to == targets[b] &&
          dfa_.edges.back().last + 1 == byte) {
        dfa_.edges.back().last = byte;
      } else {
        dfa_.edges.push_back({byte, byte, targets[b]});
        ++state.edge_count;
      }
    }
    dfa_.states.push_back(state);
  }

  Dfa take() { return std::move(dfa_); }

 private:
  Dfa dfa_;
};

struct Engine {
  std::vector<std::uint8_t> tables;

  explicit Engine(const Dfa& dfa) {
    Graph graph;
    const auto sets = static_cast<std::uint32_t>(dfa.sets.size());
    PathGroup group{dfa, {std::nullopt}};
    for (std::uint32_t set = 1; set < sets; ++set) {
      graph.leaves.push_back({{{ir::kAnyMethod, {set - 1, 0}, {}}}, {}, {}});
      group.leaves.emplace_back(set - 1);
      graph.weights.push_back({1});
    }
    graph.weights.push_back({1});
    graph.start.fill({sets - 1, 0});
    graph.groups.push_back(std::move(group));
    graph.access.masks.resize(2);
    graph.access.rows.resize(1);
    tables = encode(graph);
    contract::Shape shape;
    shape.route_backends.assign(sets, 1);
    const auto checked = contract::check_tables(tables, shape);
    REQUIRE((checked ? "" : checked.error().message) == "");
  }

  std::uint32_t set_of(const Dfa& dfa, const std::string& subject) const {
    // An exact copy, so that a read past the end is seen by the address sanitizer.
    const std::unique_ptr<char[]> bytes(new char[subject.size()]);
    std::ranges::copy(subject, bytes.get());
    contract::Verdict verdict;
    const contract::RequestView view{{bytes.get(), subject.size()}, nullptr, 1, 0};
    contract::smic_kernel_match(tables.data(), &view, &verdict);
    return (verdict.route + 1) % dfa.sets.size();
  }
};

// Subjects that follow the automaton's own edges, so that deep states are reached.
std::string walk(const Dfa& dfa, std::mt19937_64& random, std::size_t length) {
  std::string subject;
  std::uint32_t state = 0;
  const std::uint64_t stray = std::array{8, 40, 1'000'000}[random() % 3];
  while (subject.size() < length) {
    const auto edges = dfa.edges_of(state);
    auto byte = static_cast<std::uint8_t>(random());
    if (!edges.empty() && random() % stray != 0) {
      const automata::Edge& edge = edges[random() % edges.size()];
      byte = static_cast<std::uint8_t>(edge.first + random() % (edge.last - edge.first + 1));
    }
    subject += static_cast<char>(byte);
    state = step(dfa, state, byte);
  }
  return subject;
}

void compare(const Dfa& dfa, std::mt19937_64& random, std::size_t subjects) {
  const Engine engine(dfa);
  CHECK(engine.set_of(dfa, "") == set_of(dfa, ""));
  for (std::size_t i = 0; i < subjects; ++i) {
    const std::string subject = walk(dfa, random, random() % 40);
    const std::uint32_t expected = set_of(dfa, subject);
    const std::uint32_t actual = engine.set_of(dfa, subject);
    if (actual != expected) {
      CAPTURE(subject, i);
      REQUIRE(actual == expected);
    }
  }
}

// Random automata with the habits of real ones: literal strings, self-loops on classes, states
// that copy most of another's edges, states that nothing can leave.
Dfa random_dfa(std::mt19937_64& random) {
  const std::uint32_t count = 2 + random() % 30;
  const std::uint32_t sets = 1 + random() % 4;
  DfaBuilder builder(sets);
  std::vector<std::array<std::uint32_t, 256>> all;
  for (std::uint32_t state = 0; state < count; ++state) {
    std::array<std::uint32_t, 256> targets;
    const auto any = [&] { return static_cast<std::uint32_t>(random() % count); };
    const auto fill = [&](std::uint32_t to, std::size_t first, std::size_t last) {
      for (std::size_t b = first; b <= last; ++b) targets[b] = to;
    };
    targets.fill(any());
    switch (random() % 6) {
      case 0:
        fill(state, 0, 255);
        break;   // settled
      case 1: {  // a class of its own
        const std::size_t first = random() % 200;
        fill(state, first, first + random() % 55);
        break;
      }
      case 2:
        if (!all.empty()) targets = all[random() % all.size()];
        break;
      case 3:
        fill(state, 0, 127);
        break;  // all of ASCII but the keys below
      default:
        break;
    }
    if (random() % 8 == 0) {
      for (std::size_t b = 0; b < 256; b += 1 + random() % 9) targets[b] = any();
    }
    for (std::size_t keys = random() % 4; keys != 0; --keys) {
      targets[random() % 256] = random() % 2 ? any() : (state + 1) % count;
    }
    all.push_back(targets);
    builder.add(static_cast<std::uint32_t>(random() % sets), targets);
  }
  return builder.take();
}

TEST_CASE("a program finds what its automaton finds") {
  const std::uint64_t seed = GENERATE(range(1, 401));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  compare(random_dfa(random), random, 200);
}

// "/a/" then code points other than '/', at least one, then "/z" or the end.
Dfa wildcard(bool sibling) {
  enum : std::uint32_t {
    kRoot,
    kA,
    kSlash,
    kFirst,
    kLoop,
    kZ,
    kDone,
    kDead,
    kOne,
    kTwo,
    kThree,
    kM
  };
  DfaBuilder builder(4);
  const auto all = [](std::uint32_t to) {
    std::array<std::uint32_t, 256> targets;
    targets.fill(to);
    return targets;
  };
  const auto only = [&](char c, std::uint32_t to) {
    auto targets = all(kDead);
    targets[static_cast<std::uint8_t>(c)] = to;
    return targets;
  };
  const auto code_point = [&](std::uint32_t slash) {
    auto targets = all(kDead);
    for (std::size_t b = 0; b < 0x80; ++b) targets[b] = kLoop;
    for (std::size_t b = 0xc2; b <= 0xf4; ++b)
      targets[b] = b < 0xe0 ? kOne : b < 0xf0 ? kTwo : kThree;
    targets['/'] = slash;
    return targets;
  };
  const auto continuation = [&](std::uint32_t to) {
    auto targets = all(kDead);
    for (std::size_t b = 0x80; b <= 0xbf; ++b) targets[b] = to;
    return targets;
  };
  builder.add(0, only('/', kA));
  builder.add(0, only('a', kSlash));
  builder.add(0, only('/', kFirst));
  auto first = code_point(kDead);
  if (sibling) first['m'] = kM;
  builder.add(0, first);
  builder.add(1, code_point(kZ));
  builder.add(0, only('z', kDone));
  builder.add(2, all(kDone));
  builder.add(0, all(kDead));
  builder.add(0, continuation(kLoop));
  builder.add(0, continuation(kOne));
  builder.add(0, continuation(kTwo));
  auto m = code_point(kZ);
  m['e'] = kDone;
  builder.add(3, m);
  return builder.take();
}

TEST_CASE("segments of code points are spans, also beside a literal") {
  const bool sibling = GENERATE(false, true);
  const Dfa dfa = wildcard(sibling);
  const Engine engine(dfa);
  for (const char* subject : {"/a/",
                              "/a/b",
                              "/a/b/",
                              "/a/b/z",
                              "/a/b/zz",
                              "/a/longer than eight bytes/z",
                              "/a//z",
                              "/a/\xc3\xa9",
                              "/a/\xc3",
                              "/a/\xc3x",
                              "/a/x\xe2\x82\xac/z",
                              "/a/x\xe2\x82",
                              "/a/x\xe2\x82/",
                              "/a/\xf0\x9f\x98\x80\xf0\x9f\x98\x80",
                              "/a/\xf0\x9f\x98",
                              "/a/x\x80",
                              "/a/x\xff",
                              "/a/m",
                              "/a/me",
                              "/a/mx/z",
                              "/a/m/z",
                              "/a/eightbyt/z",
                              "/a/sevenby\xc3\xa9/z"}) {
    CAPTURE(sibling, subject);
    CHECK(engine.set_of(dfa, subject) == set_of(dfa, subject));
  }
  std::mt19937_64 random(7);
  compare(dfa, random, 5000);
}

// Route tables as they are, in which words are hashed: complete sets of words, words beside
// wildcards and classes, words that hold for all that begins with them, long and nested ones.
Dfa route_table(std::mt19937_64& random) {
  std::vector<std::string> patterns;
  const auto pick = [&](std::initializer_list<const char*> of) {
    return of.begin()[random() % of.size()];
  };
  const std::string prefix = pick({"/", "/api/team-", "/long-name-of-a-resource-"});
  const std::string suffix = pick({"/x$", "/[0-9]+$", "$", "", "/", "-which-goes-on-for-more$"});
  const bool deep = random() % 2;
  for (std::size_t count = 20 + random() % 200; count != 0; --count) {
    std::string word = prefix + std::to_string(random() % 3000);
    if (deep)
      word +=
          std::string(pick({"/orders", "/offers", "/o", ""})) + "/" + std::to_string(random() % 20);
    patterns.push_back(word + (random() % 8 ? suffix : "/y"));
  }
  if (random() % 2) patterns.push_back(prefix + pick({"[^/]+/z", "[0-9]+/z$", "9.*", "[a-z]{2}"}));
  if (random() % 4 == 0) patterns.push_back(".*q$");
  std::vector<automata::Regex> regexes;
  for (const std::string& pattern : patterns) regexes.push_back(*automata::parse(pattern));
  return automata::build(regexes, automata::Anchor::start, patterns.size())[0].dfa;
}

TEST_CASE("a program with hashed words finds what its automaton finds") {
  const std::uint64_t seed = GENERATE(range(1, 101));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  compare(route_table(random), random, 2000);
}

TEST_CASE("an automaton that is settled from the start has a program") {
  DfaBuilder builder(2);
  builder.add(1, std::array<std::uint32_t, 256>{});
  const Dfa dfa = builder.take();
  const Engine engine(dfa);
  CHECK(engine.set_of(dfa, "") == 1);
  CHECK(engine.set_of(dfa, "anything") == 1);
}

TEST_CASE("long literals are cut into runs") {
  DfaBuilder builder(2);
  std::string literal;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    std::array<std::uint32_t, 256> targets;
    targets.fill(1001);
    literal += static_cast<char>('a' + i % 23);
    targets[static_cast<std::uint8_t>(literal.back())] = i + 1;
    builder.add(0, targets);
  }
  for (const std::uint32_t state : {1000u, 1001u}) {
    std::array<std::uint32_t, 256> targets;
    targets.fill(state);
    builder.add(state == 1000 ? 1 : 0, targets);
  }
  const Dfa dfa = builder.take();
  const Engine engine(dfa);
  CHECK(engine.set_of(dfa, literal) == 1);
  CHECK(engine.set_of(dfa, literal + "x") == 1);
  for (std::size_t i = 0; i < literal.size(); i += 37) {
    std::string other = literal;
    other[i] = '-';
    CHECK(engine.set_of(dfa, other) == 0);
    CHECK(engine.set_of(dfa, literal.substr(0, i)) == 0);
  }
}

}  // namespace
}  // namespace smic::decision
