// SPDX-License-Identifier: Apache-2.0
// Subset construction over threads, sparse from beginning to end: a state costs its threads times
// the distinct byte ranges on their edges, never 256, and bytes that no thread follows need no
// work.
//
// A state is the set of its live threads and, for prefix matches, the set of patterns matched so
// far. A thread all of whose patterns have been matched is dropped: what is left when all are
// dropped is a settled state. So `/a.*` needs no loop behind its `/a`.
//
// Tested by tests/unit/automata/build_test.cpp and against RE2.
#include "compiler/automata/determinise.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <utility>

#include "compiler/automata/threads.h"

namespace smic::automata {
namespace {

class SubsetConstruction {
 public:
  SubsetConstruction(const Nfa& nfa, Anchor anchor, Budget budget)
      : threads_(nfa, anchor, sets_), budget_(budget), table_(1024, kFree) {
    start_.push_back(threads_.start());
  }

  std::optional<Dfa> run() {
    state_of(kNoPatterns, start_);
    for (std::uint32_t state = 0; state < dfa_.states.size(); ++state) {
      expand(state);
      if (over_budget()) return std::nullopt;
    }
    dfa_.sets = sets_.all();
    return std::move(dfa_);
  }

  Budget left() const {
    const auto minus = [](std::size_t a, std::size_t b) { return a > b ? a - b : 0; };
    return {minus(budget_.states, keys_.size()),
            minus(budget_.set_elements, members_.size() + sets_.elements()),
            minus(budget_.work, work_ + threads_.edge_count())};
  }

 private:
  struct Key {  // of a state; its threads are members_[first .. first + count)
    SetId matched = kNoPatterns;
    std::uint32_t first = 0;
    std::uint32_t count = 0;
    std::uint32_t hash = 0;
  };

  std::span<const ThreadId> members(const Key& key) const {
    return {members_.data() + key.first, key.count};
  }

  bool over_budget() const {
    return dfa_.states.size() > budget_.states || work_ + threads_.edge_count() > budget_.work ||
           members_.size() + sets_.elements() > budget_.set_elements;
  }

  // Once over budget, the rest of the work is left out: the result is thrown away.
  void expand(std::uint32_t state) {
    const Key key = keys_[state];
    dfa_.states[state].first_edge = static_cast<std::uint32_t>(dfa_.edges.size());
    moves_.clear();
    bool sorted = key.count <= 1;
    for (std::uint32_t i = 0; i < key.count && !over_budget(); ++i) {
      const Thread thread = threads_[members_[key.first + i]];
      const std::span<const Edge> edges = threads_.edges_of(thread);
      moves_.insert(moves_.end(), edges.begin(), edges.end());
      work_ += edges.size() + 1;
      sorted = sorted && thread.sorted;
    }
    if (sorted) {
      follow_one_by_one(state, key.matched);
    } else {
      follow_together(state, key.matched);
    }
    close(state, key.matched);
  }

  // Bytes without a move lead to where no thread is left.
  void close(std::uint32_t state, SetId matched) {
    State& closed = dfa_.states[state];
    closed.edge_count = static_cast<std::uint32_t>(dfa_.edges.size()) - closed.first_edge;
    target_.clear();
    const bool complete = covers_all_bytes(dfa_.edges_of(state));
    const std::uint32_t rest =
        complete ? dfa_.edges_of(state).front().to : state_of(matched, target_);
    dfa_.states[state].default_to = rest;  // not `closed`: the states may have moved
  }

  static bool covers_all_bytes(std::span<const Edge> edges) {
    int next = 0;
    for (const Edge& edge : edges) {
      if (edge.first != next) return false;
      next = edge.last + 1;
    }
    return next == 256;
  }

  // The moves are disjoint: each is an edge of its own.
  void follow_one_by_one(std::uint32_t state, SetId matched) {
    for (const Edge move : moves_) {
      target_.assign(1, move.to);
      add_edge(state, move.first, move.last, state_of(matched, target_));
    }
  }

  // Bytes are cut into stretches within which no move begins or ends.
  void follow_together(std::uint32_t state, SetId matched) {
    std::bitset<257> cuts;
    for (const Edge& move : moves_) {
      cuts.set(move.first);
      cuts.set(move.last + 1);
    }
    std::size_t stretches = 0;
    for (int byte = 0; byte < 257; ++byte) {
      if (!cuts[byte]) continue;
      stretch_at_[byte] = static_cast<std::uint16_t>(stretches);
      stretch_first_[stretches++] = static_cast<std::uint16_t>(byte);
    }
    if (targets_.size() < stretches) targets_.resize(stretches);
    for (std::size_t i = 0; i < stretches; ++i) targets_[i].clear();
    for (const Edge& move : moves_) {
      const std::uint16_t end = stretch_at_[move.last + 1];
      for (std::uint16_t i = stretch_at_[move.first]; i < end; ++i) targets_[i].push_back(move.to);
      work_ += end - stretch_at_[move.first];
    }
    for (std::size_t i = 0; i + 1 < stretches; ++i) {
      if (targets_[i].empty()) continue;
      add_edge(state, static_cast<std::uint8_t>(stretch_first_[i]),
               static_cast<std::uint8_t>(stretch_first_[i + 1] - 1),
               state_of(matched, targets_[i]));
    }
  }

  void add_edge(std::uint32_t state, std::uint8_t first, std::uint8_t last, std::uint32_t to) {
    const bool has_edges = dfa_.edges.size() > dfa_.states[state].first_edge;
    if (has_edges && dfa_.edges.back().to == to && dfa_.edges.back().last + 1 == first) {
      dfa_.edges.back().last = last;
    } else {
      dfa_.edges.push_back({first, last, to});
    }
  }

  // The state with these threads, in any order and with repetitions; made if it is new.
  std::uint32_t state_of(SetId matched, std::vector<ThreadId>& threads) {
    work_ += kWorkPerLookUp + threads.size();
    sort_unique(threads);
    sets_to_unite_.assign(1, matched);
    for (const ThreadId id : threads) {
      if (over_budget()) return 0;
      sets_to_unite_.push_back(threads_[id].matched);
    }
    matched = sets_.unite(sets_to_unite_);
    std::erase_if(threads, [&](ThreadId id) {
      const Thread thread = threads_[id];
      const bool dead = thread.edge_count == 0 && thread.at_end == kNoPatterns;
      return dead || threads_.is_spent(thread, matched);
    });
    return intern(matched, threads);
  }

  // Repetitions go before the sort: where loops nest, nearly all are.
  void sort_unique(std::vector<ThreadId>& threads) {
    if (threads.size() < 2) return;
    ++round_;
    std::erase_if(threads, [&](ThreadId id) {
      if (id >= seen_in_round_.size()) seen_in_round_.resize(id + 1);
      return std::exchange(seen_in_round_[id], round_) == round_;
    });
    std::ranges::sort(threads);
  }

  std::uint32_t intern(SetId matched, const std::vector<ThreadId>& threads) {
    if ((keys_.size() + 1) * 2 > table_.size()) grow();
    const std::uint32_t hash = hash_of(matched, threads);
    std::size_t place = hash & (table_.size() - 1);
    for (; table_[place] != kFree; place = (place + 1) & (table_.size() - 1)) {
      const Key& key = keys_[table_[place]];
      if (key.hash == hash && key.matched == matched && std::ranges::equal(members(key), threads)) {
        return table_[place];
      }
    }
    return table_[place] = make(matched, threads, hash);
  }

  static std::uint32_t hash_of(SetId matched, const std::vector<ThreadId>& threads) {
    std::uint64_t hash = matched;
    for (const ThreadId id : threads) {
      hash = (hash ^ id) * 0x9E3779B97F4A7C15;
      hash ^= hash >> 32;
    }
    return static_cast<std::uint32_t>(hash * 0xD6E8FEB86659FD93 >> 32);
  }

  std::uint32_t make(SetId matched, const std::vector<ThreadId>& threads, std::uint32_t hash) {
    const auto state = static_cast<std::uint32_t>(keys_.size());
    keys_.push_back({matched, static_cast<std::uint32_t>(members_.size()),
                     static_cast<std::uint32_t>(threads.size()), hash});
    members_.insert(members_.end(), threads.begin(), threads.end());
    sets_to_unite_.assign(1, matched);
    for (const ThreadId id : threads) sets_to_unite_.push_back(threads_[id].at_end);
    dfa_.states.push_back({.accept = sets_.unite(sets_to_unite_)});
    return state;
  }

  void grow() {
    table_.assign(table_.size() * 4, kFree);
    for (std::uint32_t state = 0; state < keys_.size(); ++state) {
      std::size_t place = keys_[state].hash & (table_.size() - 1);
      while (table_[place] != kFree) place = (place + 1) & (table_.size() - 1);
      table_[place] = state;
    }
  }

  static constexpr std::uint32_t kFree = ~0u;
  static constexpr std::size_t kWorkPerLookUp = 4;

  PatternSets sets_;
  Threads threads_;
  Budget budget_;
  std::size_t work_ = 0;
  Dfa dfa_;
  std::vector<Key> keys_;  // per state
  std::vector<ThreadId> members_;
  std::vector<std::uint32_t> table_;  // open addressing, a power of two

  // Kept between calls for their memory.
  std::vector<ThreadId> start_;
  std::vector<ThreadId> target_;
  std::vector<SetId> sets_to_unite_;
  std::vector<Edge> moves_;
  std::vector<std::vector<ThreadId>> targets_;  // per stretch
  std::vector<std::uint32_t> seen_in_round_;    // per thread
  std::uint32_t round_ = 0;
  std::array<std::uint16_t, 257> stretch_at_{};
  std::array<std::uint16_t, 258> stretch_first_{};
};

}  // namespace

std::optional<Dfa> determinise(const Nfa& nfa, Anchor anchor, Budget& budget) {
  SubsetConstruction construction(nfa, anchor, budget);
  auto dfa = construction.run();
  budget = construction.left();
  return dfa;
}

}  // namespace smic::automata
