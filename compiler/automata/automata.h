// SPDX-License-Identifier: Apache-2.0
// Regular expressions in RE2 syntax to automata over bytes: a set of patterns becomes one
// deterministic automaton whose states carry the interned set of patterns accepted (DESIGN §3.6).
// Bounded by deterministic budgets, so that the same input gives the same automata on any machine:
// over budget the set is cut into groups. Never backtracking, never a silent "no match".
//
//   parse     text → Regex, or the mistake with its place in the pattern (E03)
//   build     patterns → groups of DFAs, minimised, with byte classes
// Deliberately absent: methods, routes, tables. grammar/Regex.g4 says what the syntax is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace smic::automata {

struct Ast;  // regex.cpp's own

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
  std::string message;     // "missing `)`"; lower-case, no full stop
  std::string help;        // may be empty: "RE2 syntax has no lookahead; …"
};

// A pattern, or why it is none. Also refused: what is beyond the limits below.
std::expected<Regex, SyntaxError> parse(std::string_view pattern);

struct Limits {
  std::size_t pattern_bytes = 4096;        // longest pattern text
  std::size_t repeat = 1000;               // largest count in x{n,m}, as in RE2
  std::size_t nesting = 200;               // groups within groups
  std::size_t program = 20000;             // NFA states of one pattern
  std::size_t states_per_pattern = 10000;  // DFA states of one pattern alone
  std::size_t states_per_group = 1 << 20;  // DFA states of a group before it is cut in two
  std::size_t set_elements_per_group = 1 << 22;
};
const Limits& limits();

// Where a pattern must match: at the start of the subject only (paths, D-3), or from start to end
// (headers, D-2).
enum class Anchor { start, both };

// A complete deterministic automaton. State 0 is the start. `next[state * classes + byte_class[b]]`.
// At the end of the subject the state's `accept` indexes `sets`; set 0 is the empty set.
struct Dfa {
  std::uint8_t byte_class[256] = {};
  std::uint32_t classes = 1;
  std::vector<std::uint32_t> next;
  std::vector<std::uint32_t> accept;                 // per state
  std::vector<std::vector<std::uint32_t>> sets;      // sorted pattern indices
  std::size_t states() const { return accept.size(); }
};

struct Group {
  std::vector<std::uint32_t> patterns;  // indices into the input, sorted
  Dfa dfa;                              // its sets speak of the input's indices
};

// One or more groups that cover all patterns. `max_group` bounds how many patterns share one
// automaton (header groups answer in a 64-bit mask). A pattern that is over budget on its own is an
// error, told by its index in SyntaxError::offset's place by check_alone() before this is called.
std::vector<Group> build(const std::vector<Regex>& patterns, Anchor anchor, std::size_t max_group);

// Does the pattern alone fit the budget? The front half asks this, so that a regex bomb is the
// author's located error and `build` cannot fail.
std::expected<void, SyntaxError> check_alone(const Regex& pattern, Anchor anchor);

// One subject against one automaton; what tests, explain and the constant folder use.
std::uint32_t run(const Dfa& dfa, std::string_view subject);  // index into dfa.sets

}  // namespace smic::automata
