// SPDX-License-Identifier: Apache-2.0
// The nondeterministic automaton without its empty moves: a thread is a place in it together with
// what had to be known of the byte before. Assertions are decided here, once, so that what follows
// never hears of them:
//
//   looking behind   the thread's kind of last byte says yes or no
//   looking ahead    the edges behind the assertion are cut down to the bytes it lets pass
//                    (`\bfoo` after a blank keeps f; after a letter it has no edge left), and
//                    an acceptance behind it becomes an edge to the thread `matched`, or is kept
//                    for the end of the subject
//
// Threads are made when the subset construction first meets them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compiler/automata/nfa.h"
#include "compiler/automata/pattern_sets.h"

namespace smic::automata {

using ThreadId = std::uint32_t;

struct Thread {
  std::uint32_t first_edge = 0;  // in Threads::edges; they lead to ThreadIds
  std::uint32_t edge_count = 0;
  std::uint32_t stem = 0;
  SetId matched = kNoPatterns;  // whatever follows (prefix matches only)
  SetId at_end = kNoPatterns;   // if the subject ends here
  bool sorted = true;           // its edges are in order and disjoint
};

class Threads {
 public:
  Threads(const Nfa& nfa, Anchor anchor, PatternSets& sets);

  ThreadId start() const;
  Thread operator[](ThreadId id);
  std::span<const Edge> edges_of(const Thread& thread) const {
    return {edges_.data() + thread.first_edge, thread.edge_count};
  }
  // Have all patterns that the thread could still match been matched?
  bool is_spent(const Thread& thread, SetId matched) const;
  std::size_t edge_count() const { return edges_.size(); }

 private:
  // What kind of byte stands before a place, or after it: each kind is a bit, all of them a mask.
  using Kinds = std::uint8_t;
  struct Visit {
    NfaId node = 0;
    Kinds ahead = 0;
  };

  ThreadId thread_at(NfaId node, Kinds behind) const;
  Thread make(ThreadId id);
  Thread make_matched(std::uint32_t pattern);
  void visit(NfaId id, Kinds behind, Kinds ahead);
  void visit_edge(const Edge& edge, Kinds ahead);
  void visit_accept(std::uint32_t pattern, Kinds ahead);
  void add_edge(std::uint8_t first, std::uint8_t last, ThreadId to);
  void enter(NfaId node, Kinds ahead);
  void mark_looking_behind();
  static bool is_in_order(std::span<const Edge> edges);

  const Nfa& nfa_;
  Anchor anchor_;
  PatternSets& sets_;
  std::vector<std::uint8_t> looks_behind_;  // per node; empty if there are no assertions at all
  std::vector<Kinds> entered_;              // per node, while one thread is made
  std::vector<NfaId> touched_;
  std::vector<Visit> pending_;
  std::vector<std::uint32_t> matched_;  // patterns, likewise
  std::vector<std::uint32_t> at_end_;
  std::vector<Edge> edges_;
  std::vector<Thread> threads_;
  std::vector<std::uint32_t> index_;  // per ThreadId into threads_, or kUnmade
};

}  // namespace smic::automata
