// SPDX-License-Identifier: Apache-2.0
// What is left for a pattern whose deterministic automaton would not end (`.*a.{30}`): the pattern
// itself, run with a bit for each of its edges. Its size is that of the pattern with its counts
// written out, and a subject costs its length times a bound that is known here; nothing multiplies.
//
//   a position   an edge: the bytes that it takes, and what follows it
//   what follows matched, or matched if the subject ends here, or runs of positions
//
// A step keeps of the open positions those that take the byte (a mask per class of bytes), and
// opens what follows them. Edges that take the same bytes to the same place are one position, so
// (a?b?c?){99}, where every place leads to all later ones, has 297 and not 44,000.
//
// Why not RE2's way, a DFA made state by state while matching: an image allocates nothing and
// writes nothing but its verdict.
//
// Tested by tests/unit/automata/bit_form_test.cpp, and against RE2.
#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "compiler/automata/determinise.h"
#include "compiler/automata/threads.h"

namespace smic::automata {
namespace {

class BitFormBuilder {
 public:
  BitFormBuilder(const Nfa& nfa, Anchor anchor) : threads_(nfa, anchor, sets_) {}

  std::optional<BitForm> build() {
    follow_index(threads_.start());
    for (std::size_t i = 0; i < order_.size(); ++i) {
      form_.follows.push_back(follow(threads_[order_[i]]));
      if (positions_.size() > limits().bit_positions ||
          threads_.edge_count() > limits().work_per_bit_form) {
        return std::nullopt;
      }
    }
    number_classes();
    if (dearest_step() > limits().bit_steps) return std::nullopt;
    return std::move(form_);
  }

 private:
  using Position = std::tuple<std::uint8_t, std::uint8_t, std::uint32_t>;  // bytes, follow

  std::uint32_t follow_index(ThreadId id) {
    const auto next = static_cast<std::uint32_t>(order_.size());
    const auto [found, fresh] = index_.try_emplace(id, next);
    if (fresh) order_.push_back(id);
    return found->second;
  }

  // Numbered as they are first met, so that those which follow one place are neighbours.
  std::uint32_t position_index(const Edge& edge) {
    const std::uint32_t to = follow_index(edge.to);
    const auto next = static_cast<std::uint32_t>(form_.follow_of.size());
    const auto [found, fresh] = positions_.try_emplace(Position{edge.first, edge.last, to}, next);
    if (fresh) form_.follow_of.push_back(to);
    return found->second;
  }

  BitForm::Follow follow(const Thread& thread) {
    BitForm::Follow follow{.matched = thread.matched != kNoPatterns,
                           .at_end = thread.at_end != kNoPatterns};
    if (follow.matched) return follow;
    std::vector<std::uint32_t> positions;
    for (std::uint32_t i = 0; i < thread.edge_count; ++i) {
      const Edge edge = threads_.edges_of(thread)[i];  // a copy: looking up a thread moves edges
      if (!is_dead(edge.to)) positions.push_back(position_index(edge));
    }
    follow.runs = runs_of(std::move(positions));
    return follow;
  }

  static std::vector<BitForm::Run> runs_of(std::vector<std::uint32_t> positions) {
    std::ranges::sort(positions);
    positions.erase(std::ranges::unique(positions).begin(), positions.end());
    std::vector<BitForm::Run> runs;
    for (const std::uint32_t position : positions) {
      const bool goes_on = !runs.empty() && runs.back().first + runs.back().count == position;
      if (!goes_on) runs.push_back({position, 0});
      ++runs.back().count;
    }
    return runs;
  }

  bool is_dead(ThreadId id) {
    const Thread thread = threads_[id];
    return thread.edge_count == 0 && thread.at_end == kNoPatterns && thread.matched == kNoPatterns;
  }

  // Bytes that the same positions take are one class.
  void number_classes() {
    std::array<bool, 257> cuts{};
    for (const auto& [position, index] : positions_) {
      cuts[std::get<0>(position)] = cuts[std::get<1>(position) + 1] = true;
    }
    std::map<std::vector<std::uint64_t>, std::uint8_t> known;
    for (int byte = 0; byte < 256; ++byte) {
      if (byte > 0 && !cuts[byte]) {
        form_.class_of[byte] = form_.class_of[byte - 1];
        continue;
      }
      auto mask = mask_of(byte);
      const auto [found, fresh] =
          known.try_emplace(std::move(mask), static_cast<std::uint8_t>(known.size()));
      if (fresh) form_.masks.insert(form_.masks.end(), found->first.begin(), found->first.end());
      form_.class_of[byte] = found->second;
    }
  }

  std::vector<std::uint64_t> mask_of(int byte) const {
    std::vector<std::uint64_t> mask(form_.words());
    for (const auto& [position, index] : positions_) {
      if (std::get<0>(position) <= byte && byte <= std::get<1>(position)) {
        mask[index / 64] |= std::uint64_t{1} << index % 64;
      }
    }
    return mask;
  }

  // Runs and words written in a step where every position that takes the byte is open.
  std::size_t dearest_step() const {
    std::vector<std::size_t> cost;
    for (const BitForm::Follow& follow : form_.follows) {
      std::size_t sum = 1;
      for (const BitForm::Run& run : follow.runs) sum += 1 + run.count / 64;
      cost.push_back(sum);
    }
    std::size_t dearest = 0;
    for (std::size_t c = 0; c < form_.classes(); ++c) {
      std::size_t sum = form_.words();
      for (std::size_t p = 0; p < form_.follow_of.size(); ++p) {
        const std::uint64_t word = form_.masks[c * form_.words() + p / 64];
        if (word >> p % 64 & 1) sum += cost[form_.follow_of[p]];
      }
      dearest = std::max(dearest, sum);
    }
    return dearest;
  }

  PatternSets sets_;
  Threads threads_;
  BitForm form_;
  std::vector<ThreadId> order_;
  std::map<ThreadId, std::uint32_t> index_;  // into order_
  std::map<Position, std::uint32_t> positions_;
};

}  // namespace

std::optional<BitForm> to_bit_form(const Nfa& nfa, Anchor anchor) {
  return BitFormBuilder(nfa, anchor).build();
}

bool run(const BitForm& form, std::string_view subject) {
  std::vector<bool> open(form.follow_of.size());
  const auto enter = [&](const BitForm::Follow& follow) {
    for (const BitForm::Run& run : follow.runs) {
      std::fill_n(open.begin() + run.first, run.count, true);
    }
    return follow.at_end;
  };
  if (form.follows[0].matched) return true;
  bool at_end = enter(form.follows[0]);
  for (const char byte : subject) {
    const std::size_t mask = form.class_of[static_cast<std::uint8_t>(byte)] * form.words();
    const std::vector<bool> before = std::exchange(open, std::vector<bool>(open.size()));
    at_end = false;
    for (std::size_t p = 0; p < before.size(); ++p) {
      if (!before[p] || !(form.masks[mask + p / 64] >> p % 64 & 1)) continue;
      const BitForm::Follow& follow = form.follows[form.follow_of[p]];
      if (follow.matched) return true;
      at_end |= enter(follow);
    }
  }
  return at_end;
}

}  // namespace smic::automata
