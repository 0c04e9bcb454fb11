// SPDX-License-Identifier: Apache-2.0
// Partition refinement that looks again only at states one of whose targets has moved: a block that
// falls apart leaves its name to the largest piece, so a state moves at most log n times and the
// whole is O(m log n) for m edges, however deep the automaton. (Moore's rounds would be n·depth,
// and Hopcroft's queue of block and byte pairs knows nothing of ranges.)
//
// A state's signature is its canonical form with blocks in place of states, so equal signatures
// mean equal functions on bytes.
//
// Tested by tests/unit/automata/minimise_test.cpp.
#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "compiler/automata/canonical.h"
#include "compiler/automata/determinise.h"

namespace smic::automata {
namespace {

std::uint64_t hash_of(const Signature& signature) {
  std::uint64_t hash = signature.default_to;
  for (const Edge& edge : signature.edges) {
    const std::uint64_t word = std::uint64_t{edge.to} << 16 | edge.first << 8 | edge.last;
    hash = (hash ^ word) * 0x9E3779B97F4A7C15;
    hash ^= hash >> 32;
  }
  return hash;
}

class Refinement {
 public:
  explicit Refinement(const Dfa& dfa)
      : dfa_(dfa),
        order_(dfa.states.size()),
        place_of_(dfa.states.size()),
        block_of_(dfa.states.size()) {
    split_by_acceptance();
    collect_predecessors();
  }

  // Per state its block; equal blocks, equal states.
  std::vector<std::uint32_t> run() {
    for (std::uint32_t block = 0; block < blocks_.size(); ++block) {
      blocks_[block].dirty = blocks_[block].size();
      pending_.push_back(block);
    }
    while (!pending_.empty()) {
      const std::uint32_t block = pending_.back();
      pending_.pop_back();
      refine(block);
    }
    return std::move(block_of_);
  }

 private:
  struct Block {  // order_[begin .. end)
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    std::uint32_t dirty = 0;  // so many at the beginning have a target that has moved
    std::uint32_t size() const { return end - begin; }
  };
  struct Row {
    std::uint64_t hash = 0;
    std::uint32_t state = 0;
  };

  static constexpr std::uint32_t kNone = ~0u;

  void split_by_acceptance() {
    std::vector<std::uint32_t> block_of_set(dfa_.sets.size(), kNone);
    for (std::uint32_t state = 0; state < dfa_.states.size(); ++state) {
      std::uint32_t& block = block_of_set[dfa_.states[state].accept];
      if (block == kNone) {
        block = static_cast<std::uint32_t>(blocks_.size());
        blocks_.emplace_back();
      }
      block_of_[state] = block;
      ++blocks_[block].end;
    }
    std::uint32_t begin = 0;
    for (Block& block : blocks_) {
      const std::uint32_t size = block.end;
      block = {.begin = begin, .end = begin};  // filled below
      begin += size;
    }
    for (std::uint32_t state = 0; state < dfa_.states.size(); ++state) {
      place_of_[state] = blocks_[block_of_[state]].end++;
      order_[place_of_[state]] = state;
    }
  }

  void swap_places(std::uint32_t a, std::uint32_t b) {
    std::swap(order_[a], order_[b]);
    place_of_[order_[a]] = a;
    place_of_[order_[b]] = b;
  }

  template <class Visit>
  void for_each_target(std::uint32_t state, Visit visit) const {
    visit(dfa_.states[state].default_to);
    for (const Edge& edge : dfa_.edges_of(state)) visit(edge.to);
  }

  void collect_predecessors() {
    before_begin_.resize(dfa_.states.size() + 1);
    for (std::uint32_t state = 0; state < dfa_.states.size(); ++state) {
      for_each_target(state, [&](std::uint32_t target) { ++before_begin_[target + 1]; });
    }
    for (std::size_t i = 1; i < before_begin_.size(); ++i) before_begin_[i] += before_begin_[i - 1];
    before_.resize(before_begin_.back());
    std::vector<std::uint32_t> next(before_begin_.begin(), before_begin_.end() - 1);
    for (std::uint32_t state = 0; state < dfa_.states.size(); ++state) {
      for_each_target(state, [&](std::uint32_t target) { before_[next[target]++] = state; });
    }
  }

  // The clean states of a block still agree with each other, so the first of them speaks for all.
  void refine(std::uint32_t block) {
    const Block old = blocks_[block];
    blocks_[block].dirty = 0;
    const std::uint32_t looked_at = std::min(old.dirty + 1, old.size());
    if (looked_at < 2) return;
    const std::uint32_t speaker = old.dirty < old.size() ? order_[old.begin + old.dirty] : kNone;
    rows_.clear();
    for (std::uint32_t i = old.begin; i < old.begin + looked_at; ++i) {
      rows_.push_back({hash_of(signature(order_[i], canonical_)), order_[i]});
    }
    std::ranges::sort(rows_, {}, &Row::hash);
    std::vector<std::vector<std::uint32_t>> pieces = cut_rows();
    if (pieces.size() < 2) return;
    for (std::vector<std::uint32_t>& piece : pieces) {
      if (speaker == kNone || std::ranges::find(piece, speaker) == piece.end()) continue;
      piece.insert(piece.end(), order_.begin() + old.begin + looked_at, order_.begin() + old.end);
    }
    move_out(block, pieces);
  }

  const Signature& signature(std::uint32_t state, Canonical& canonical) const {
    return canonical.signature(dfa_, state,
                               [&](std::uint32_t target) { return block_of_[target]; });
  }

  // States with equal signatures; a hash only says who may be equal.
  std::vector<std::vector<std::uint32_t>> cut_rows() {
    std::vector<std::vector<std::uint32_t>> pieces;
    std::size_t first_of_hash = 0;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (i == 0 || rows_[i].hash != rows_[i - 1].hash) first_of_hash = pieces.size();
      std::size_t piece = first_of_hash;
      while (piece < pieces.size() && !agree(pieces[piece].front(), rows_[i].state)) ++piece;
      if (piece == pieces.size()) pieces.emplace_back();
      pieces[piece].push_back(rows_[i].state);
    }
    return pieces;
  }

  bool agree(std::uint32_t a, std::uint32_t b) {
    return signature(a, canonical_) == signature(b, other_canonical_);
  }

  // All but the largest piece get a block of their own.
  void move_out(std::uint32_t block, const std::vector<std::vector<std::uint32_t>>& pieces) {
    const auto stays = std::ranges::max_element(pieces, {}, &std::vector<std::uint32_t>::size);
    for (auto piece = pieces.begin(); piece != pieces.end(); ++piece) {
      if (piece == stays) continue;
      const auto fresh = static_cast<std::uint32_t>(blocks_.size());
      const std::uint32_t end = blocks_[block].end;
      for (const std::uint32_t state : *piece) {
        swap_places(place_of_[state], --blocks_[block].end);
        block_of_[state] = fresh;
      }
      blocks_.push_back({.begin = blocks_[block].end, .end = end});
    }
    for (auto piece = pieces.begin(); piece != pieces.end(); ++piece) {
      if (piece == stays) continue;
      for (const std::uint32_t state : *piece) mark_predecessors(state);
    }
  }

  void mark_predecessors(std::uint32_t state) {
    for (std::uint32_t i = before_begin_[state]; i < before_begin_[state + 1]; ++i) {
      const std::uint32_t previous = before_[i];
      Block& block = blocks_[block_of_[previous]];
      if (place_of_[previous] < block.begin + block.dirty) continue;
      if (block.dirty == 0) pending_.push_back(block_of_[previous]);
      swap_places(place_of_[previous], block.begin + block.dirty++);
    }
  }

  const Dfa& dfa_;
  std::vector<std::uint32_t> order_;     // the states, block by block
  std::vector<std::uint32_t> place_of_;  // per state in order_
  std::vector<std::uint32_t> block_of_;  // per state
  std::vector<Block> blocks_;
  std::vector<std::uint32_t> pending_;       // blocks with dirty states
  std::vector<std::uint32_t> before_;        // the predecessors of state s are
  std::vector<std::uint32_t> before_begin_;  // before_[before_begin_[s] .. before_begin_[s + 1])
  std::vector<Row> rows_;
  Canonical canonical_;
  Canonical other_canonical_;
};

}  // namespace

std::vector<std::uint32_t> equal_states(const Dfa& dfa) { return Refinement(dfa).run(); }

}  // namespace smic::automata
