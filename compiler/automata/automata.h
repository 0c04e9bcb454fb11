// SPDX-License-Identifier: Apache-2.0
// Regular expressions in RE2 syntax to automata over bytes: a set of patterns becomes one
// deterministic automaton whose states carry the interned set of patterns accepted (DESIGN §3.6).
// Bounded by deterministic budgets, so that the same input gives the same automata on any machine:
// over budget the set is cut into groups, and last comes the bit form, pattern by pattern. Never
// backtracking, never a silent "no match".
//
//   parse     text → Regex, or the mistake with its place in the pattern (E03)
//   build     patterns → groups of minimal DFAs, and bit forms of what no DFA is small enough for
// Deliberately absent: methods, routes, tables.
//
// The syntax is read by hand and not by ANTLR: what a character means depends on where it stands
// (`{` alone is a literal, `]` first in a class too), the answer needs exact offsets, and a pattern
// costs 1 µs this way instead of 60.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace smic::automata {

struct Ast;  // ast.h, this folder's own

class Regex {  // immutable, cheap to copy
 public:
  const Ast& ast() const { return *ast_; }
  explicit Regex(std::shared_ptr<const Ast> ast) : ast_(std::move(ast)) {}

 private:
  std::shared_ptr<const Ast> ast_;
};

struct SyntaxError {
  std::size_t offset = 0;  // byte offset in the pattern
  std::size_t length = 1;
  std::string message;  // "missing `)`"; lower-case, no full stop
  std::string help;     // may be empty: "RE2 syntax has no lookahead; …"
};

// A pattern, or why it is none. Also refused: what is beyond the limits below.
std::expected<Regex, SyntaxError> parse(std::string_view pattern);

// All deterministic. Work counts threads moved along an edge: about 10 ns each.
struct Limits {
  std::size_t pattern_bytes = 4096;              // longest pattern text
  std::size_t repeat = 1000;                     // largest count in x{n,m}, as in RE2
  std::size_t nesting = 200;                     // groups within groups
  std::size_t program = 20000;                   // NFA edges of one pattern
  std::size_t states_per_pattern = 10000;        // DFA states of one pattern alone
  std::size_t work_per_pattern = 1 << 20;        // to build it alone
  std::size_t program_per_group = 1 << 22;       // NFA edges of a group
  std::size_t states_per_group = 1 << 22;        // beyond any of these a group is cut
  std::size_t set_elements_per_group = 1 << 24;  // threads and patterns in the sets of a group
  std::size_t work_per_group = 1 << 14;          // to build it, and in addition
  std::size_t work_per_program_edge = 64;        // so much for each of its NFA edges
  std::size_t work_per_unit = 1 << 23;           // for patterns alone, beyond what a group gets
  std::size_t states_per_unit = 1 << 15;         // likewise, beyond one for each NFA edge
  std::size_t bit_positions = 1 << 15;           // of a bit form
  std::size_t bit_steps = 1 << 13;               // its runs and words in the dearest step
  std::size_t work_per_bit_form = 1 << 18;       // to build it
};
const Limits& limits();

// What all patterns of one unit may cost together where each is over a group's budget alone:
// thousands just under the limit of one pattern would take minutes. Past it they get bit forms.
struct UnitBudget {
  std::size_t work = limits().work_per_unit;
  std::size_t states = limits().states_per_unit;
};

// Where a pattern must match: at the start of the subject only (paths, D-3), or from start to end
// (headers, D-2).
enum class Anchor { start, both };

// The bytes first..last lead to state `to`.
struct Edge {
  std::uint8_t first = 0;
  std::uint8_t last = 0;
  std::uint32_t to = 0;
  bool operator==(const Edge&) const = default;
};

struct State {
  std::uint32_t accept = 0;      // index into Dfa::sets: what is accepted if the subject ends here
  std::uint32_t default_to = 0;  // where every byte leads that no edge names
  std::uint32_t first_edge = 0;  // the state's edges are consecutive in Dfa::edges
  std::uint32_t edge_count = 0;
  bool operator==(const State&) const = default;
};

// One pattern as a nondeterministic automaton that is run as it is, a bit for each of its edges
// (bit_form.cpp). What a byte costs is bounded by Limits::bit_steps.
struct BitForm {
  struct Run {  // positions first .. first + count - 1
    std::uint32_t first = 0;
    std::uint32_t count = 0;
    bool operator==(const Run&) const = default;
  };
  struct Follow {
    bool matched = false;  // whatever comes; then there are no runs
    bool at_end = false;   // if nothing comes
    std::vector<Run> runs;
    bool operator==(const Follow&) const = default;
  };
  std::vector<Follow> follows;           // 0 is the start
  std::vector<std::uint32_t> follow_of;  // per position
  std::array<std::uint8_t, 256> class_of{};
  std::vector<std::uint64_t> masks;  // per class words() words: the positions that take it

  std::size_t words() const { return (follow_of.size() + 63) / 64; }
  std::size_t classes() const { return words() == 0 ? 0 : masks.size() / words(); }
  bool operator==(const BitForm&) const = default;
};

// A complete deterministic automaton, minimal, sparse: most states of a route table know one or two
// bytes and send the rest to the same place. State 0 is the start; states are numbered breadth
// first, in byte order. A state's edges are sorted, disjoint and never lead to its default; equal
// neighbours are joined. The default is the target of the most bytes. Set 0 is the empty set.
struct Dfa {
  std::vector<State> states;
  std::vector<Edge> edges;
  std::vector<std::vector<std::uint32_t>> sets;  // sorted pattern indices
  std::optional<BitForm> bits;                   // instead of states; a match is set 1

  std::span<const Edge> edges_of(std::uint32_t state) const {
    return {edges.data() + states[state].first_edge, states[state].edge_count};
  }
  std::uint32_t step(std::uint32_t state, std::uint8_t byte) const;

  // Nothing that follows can change the answer any more: dead, or a prefix match made.
  bool settled(std::uint32_t state) const {
    return states[state].edge_count == 0 && states[state].default_to == state;
  }
  bool operator==(const Dfa&) const = default;
};

struct Group {
  std::vector<std::uint32_t> patterns;  // indices into the input, sorted
  Dfa dfa;                              // its sets speak of the input's indices
};

// One or more groups that cover all patterns; none for no patterns. `max_group` bounds how many
// patterns share one automaton (header groups answer in a 64-bit mask). Every pattern must have
// passed check_alone() with the same anchor, so this cannot fail.
std::vector<Group> build(const std::vector<Regex>& patterns, Anchor anchor, std::size_t max_group,
                         UnitBudget& budget);
std::vector<Group> build(const std::vector<Regex>& patterns, Anchor anchor, std::size_t max_group);

// Has the pattern alone a form within the limits? The front half asks this, so that a regex bomb is
// the author's located error and `build` cannot fail.
std::expected<void, SyntaxError> check_alone(const Regex& pattern, Anchor anchor);

// Is the pattern's own automaton within the budget of one pattern? For people who ask why not.
bool fits_one_automaton(const Regex& pattern, Anchor anchor);

// Both at once, for whoever only asks whether a pattern can be used.
std::optional<SyntaxError> mistake_in(std::string_view pattern, Anchor anchor);

// One subject against one automaton, of either form; what tests, explain and the constant folder
// use.
std::uint32_t run(const Dfa& dfa, std::string_view subject);  // index into dfa.sets

}  // namespace smic::automata
