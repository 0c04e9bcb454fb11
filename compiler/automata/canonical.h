// SPDX-License-Identifier: Apache-2.0
// The one form of a state that Dfa promises, whatever form it comes in: the default is the target
// of the most bytes, edges that lead there are left out, equal neighbours are joined.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "compiler/automata/automata.h"

namespace smic::automata {

struct Signature {
  std::uint32_t default_to = 0;
  std::vector<Edge> edges;
  bool operator==(const Signature&) const = default;
};

// Kept by its users for its memory. Targets are renamed on the way.
class Canonical {
 public:
  // All 256 bytes as edges, equal neighbours joined.
  template <class Rename>
  const std::vector<Edge>& all_bytes(const Dfa& dfa, std::uint32_t state, Rename rename) {
    signature_.edges.clear();
    const std::uint32_t rest = rename(dfa.states[state].default_to);
    int next = 0;
    for (const Edge& edge : dfa.edges_of(state)) {
      if (next < edge.first) join(next, edge.first - 1, rest);
      join(edge.first, edge.last, rename(edge.to));
      next = edge.last + 1;
    }
    if (next < 256) join(next, 255, rest);
    return signature_.edges;
  }

  template <class Rename>
  const Signature& signature(const Dfa& dfa, std::uint32_t state, Rename rename) {
    all_bytes(dfa, state, rename);
    signature_.default_to = most_bytes();
    std::erase_if(signature_.edges,
                  [&](const Edge& edge) { return edge.to == signature_.default_to; });
    return signature_;
  }

 private:
  void join(int first, int last, std::uint32_t to) {
    std::vector<Edge>& edges = signature_.edges;
    if (!edges.empty() && edges.back().to == to) {
      edges.back().last = static_cast<std::uint8_t>(last);
    } else {
      edges.push_back({static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(last), to});
    }
  }

  // The target of the most bytes; among equals, of the lowest byte.
  std::uint32_t most_bytes() {
    const std::vector<Edge>& edges = signature_.edges;
    for (const Edge& edge : edges) {
      if (edge.last - edge.first >= 128) return edge.to;
    }
    counts_.clear();
    for (const Edge& edge : edges) {
      auto found = std::ranges::find(counts_, edge.to, &Count::to);
      if (found == counts_.end()) found = counts_.insert(counts_.end(), {edge.to, 0});
      found->bytes += edge.last - edge.first + 1;
    }
    return std::ranges::max_element(counts_, {}, &Count::bytes)->to;
  }

  struct Count {
    std::uint32_t to = 0;
    int bytes = 0;
  };
  Signature signature_;
  std::vector<Count> counts_;
};

}  // namespace smic::automata
