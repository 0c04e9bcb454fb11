// SPDX-License-Identifier: Apache-2.0
// Short cuts for states where many literal words branch off: a hash instead of a branch per byte
// (contract/tables.h). Routes that differ in `/v2/orders/team-417/` are hundreds of words after
// "/v", six branches deep, and each branch is a load that waits for the one before.
//
//   find    state → the words that a request may have there, each with the state after it
//   place   words → a table without collisions, nearly as small as there are words
//
// A word is one segment of the path or several. How many is decided for each state: the number
// that saves the most branches. Only exact words are listed: "2/orders/team-41" and then a slash or
// the end. Whatever else comes (wildcards, patterns that hold for all that begins with them, a
// second way to a state) goes the ordinary way, byte by byte, so which words are listed never
// matters for the answer. If there is nothing else, `complete` says so and the ordinary way need
// not be written at all.
//
// Tested by tests/unit/decision/words_test.cpp and program_test.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/decision/program.h"

namespace smic::decision {

// Fewer words, or words that branch but once, are as fast as keys of nodes.
inline constexpr std::size_t kLeastWords = 16;
inline constexpr std::size_t kLeastBranches = 3;  // on the way to two words, on average

struct LiteralWord {
  std::string text;      // not empty
  bool slash = false;    // the state lies behind the slash that ends the word
  std::uint32_t to = 0;  // the state after it
};

struct LiteralWords {
  std::uint32_t segments = 1;
  std::vector<LiteralWord> words;
  std::vector<std::uint32_t> within;  // states that the words lead through
  bool complete = false;  // any other word, and the end of the subject within one, is dead
};

class WordFinder {
 public:
  WordFinder(const automata::Dfa& dfa, const Planner& planner);

  // None if it would not pay, or if all that may be spent on looking is spent.
  std::optional<LiteralWords> find(std::uint32_t state);

 private:
  struct Search;
  std::optional<Search> search(std::uint32_t state, std::uint32_t segments);
  bool visit(Search& search, std::uint32_t state, std::uint32_t slashes, std::size_t branches);

  const automata::Dfa& dfa_;
  const Planner& planner_;
  std::vector<std::uint32_t> seen_;  // per state, in which search
  std::uint32_t searches_ = 0;
  std::size_t left_;        // edges that may still be looked at
  std::size_t words_left_;  // and words listed: tables grow with the automaton, not with its words
};

struct WordTable {
  std::uint32_t seed = 0;
  std::uint32_t bits = 0;                           // 2^bits shifts
  std::vector<std::uint8_t> shifts;                 // see contract::word_slot
  std::vector<std::optional<std::uint32_t>> slots;  // index of the word
};

std::optional<WordTable> place_words(const std::vector<LiteralWord>& words);

// What is stored of a word itself, and what words begin with before that, each once.
std::string_view end_of_word(std::string_view text);

class SharedPrefixes {
 public:
  explicit SharedPrefixes(const std::vector<LiteralWord>& words);

  const std::vector<std::string>& all() const { return all_; }
  std::uint32_t number(std::size_t word) const { return numbers_[word]; }
  std::uint32_t stride() const;  // of the table of all

 private:
  std::vector<std::string> all_;
  std::vector<std::uint32_t> numbers_;  // by word
};

}  // namespace smic::decision
