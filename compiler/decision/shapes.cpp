// SPDX-License-Identifier: Apache-2.0
#include "compiler/decision/shapes.h"

#include <unordered_map>

namespace smic::decision {
namespace {

// Copies the states that can be come to, numbered as they are met.
class Copy {
 public:
  explicit Copy(const automata::Dfa& dfa) : dfa_(dfa) { shape_.sets = {{}, {0}}; }

  bool take(std::uint32_t state) {
    number(state);
    for (std::size_t i = 0; i < order_.size(); ++i) {
      if (!copy_state(order_[i])) return false;
    }
    return set_ != 0;
  }

  std::uint32_t set() const { return set_; }
  automata::Dfa take_shape() { return std::move(shape_); }

  std::vector<std::uint32_t> key() const {
    std::vector<std::uint32_t> key;
    for (const automata::State& state : shape_.states) {
      key.insert(key.end(), {state.accept, state.default_to, state.edge_count});
      for (std::uint32_t i = 0; i < state.edge_count; ++i) {
        const automata::Edge& edge = shape_.edges[state.first_edge + i];
        key.insert(key.end(), {edge.first * 256u + edge.last, edge.to});
      }
    }
    return key;
  }

 private:
  std::uint32_t number(std::uint32_t state) {
    const auto next = static_cast<std::uint32_t>(order_.size());
    const auto [at, fresh] = numbers_.try_emplace(state, next);
    if (fresh) order_.push_back(state);
    return at->second;
  }

  bool copy_state(std::uint32_t from) {
    const automata::State& state = dfa_.states[from];
    if (state.accept != 0 && set_ != 0 && state.accept != set_) return false;
    if (state.accept != 0) set_ = state.accept;
    shape_.states.push_back({state.accept == 0 ? 0u : 1u, number(state.default_to),
                             static_cast<std::uint32_t>(shape_.edges.size()), state.edge_count});
    for (const automata::Edge& edge : dfa_.edges_of(from)) {
      shape_.edges.push_back({edge.first, edge.last, number(edge.to)});
    }
    return order_.size() <= kMaxShapeStates && shape_.edges.size() <= kMaxShapeEdges;
  }

  const automata::Dfa& dfa_;
  automata::Dfa shape_;
  std::uint32_t set_ = 0;
  std::vector<std::uint32_t> order_;
  std::unordered_map<std::uint32_t, std::uint32_t> numbers_;
};

}  // namespace

std::optional<Shapes::Found> Shapes::find(std::uint32_t state) {
  const auto [known, unknown] = known_.try_emplace(state);
  if (!unknown) return known->second;
  Copy copy(dfa_);
  if (!copy.take(state)) return std::nullopt;
  const auto [at, fresh] = ids_.try_emplace(copy.key(), static_cast<std::uint32_t>(shapes_.size()));
  if (fresh) shapes_.push_back(copy.take_shape());
  return known->second = Found{at->second, copy.set()};
}

}  // namespace smic::decision
