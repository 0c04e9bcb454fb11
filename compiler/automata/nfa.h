// SPDX-License-Identifier: Apache-2.0
// A set of patterns as one nondeterministic automaton (thompson.cpp). Patterns that begin alike
// share their beginnings (merge_prefixes.cpp): ten thousand routes under /api/v1/tenants/[^/]+/ are
// one thread there and not ten thousand, and this is what makes large sets cheap.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "compiler/automata/ast.h"
#include "compiler/automata/automata.h"

namespace smic::automata {

using NfaId = std::uint32_t;

struct NfaNode {
  enum class Kind : std::uint8_t {
    consume,  // one byte, along one of edges[begin .. begin + count)
    fork,     // nothing, to each of targets[begin .. begin + count)
    look,     // nothing, to targets[begin] where `look` holds
    accept,   // the pattern `begin` has matched
  };
  Kind kind = Kind::consume;
  Look look = Look::begin_text;
  std::uint32_t begin = 0;
  std::uint32_t count = 0;
  std::uint32_t stem = 0;  // index into Nfa::stems
};

// The patterns a node can lead to are slots[first .. last) of its stem: a node of the prefix tree.
struct Stem {
  std::uint32_t first_slot = 0;
  std::uint32_t last_slot = 0;
};

struct Nfa {
  std::vector<NfaNode> nodes;
  std::vector<Edge> edges;
  std::vector<NfaId> targets;
  std::vector<Stem> stems;
  std::vector<std::uint32_t> slots;  // pattern indices, in the order of the prefix tree
  NfaId start = 0;
  bool has_looks = false;

  std::size_t size() const { return edges.size() + targets.size(); }
  std::span<const Edge> edges_of(const NfaNode& node) const {
    return {edges.data() + node.begin, node.count};
  }
  std::span<const NfaId> targets_of(const NfaNode& node) const {
    return {targets.data() + node.begin, node.count};
  }
};

// One pattern of a set, by the index it is to be known by.
struct Member {
  const Ast* ast = nullptr;
  std::uint32_t pattern = 0;
};

// ---- merge_prefixes.cpp: patterns to a tree of their parts ------------------------------------

struct PrefixTree {
  struct Node {
    std::uint32_t label = 0;        // on the way from its parent: a byte, or 256 + index into parts
    std::uint32_t first_child = 0;  // 0 = none; children in order of their labels
    std::uint32_t next_sibling = 0;
    std::uint32_t ends = 0;  // so many of its slots end here, the first ones
    Stem stem;
  };
  struct Part {
    const Ast* ast = nullptr;
    NodeId node = 0;
  };
  std::vector<Node> nodes;  // 0 is the root; children come after their parents
  std::vector<Part> parts;
  std::vector<std::uint32_t> slots;  // pattern indices; those below a node are neighbours
};

PrefixTree merge_prefixes(std::span<const Member> members);

// ---- thompson.cpp -----------------------------------------------------------------------------

// Nothing where its size() would go beyond `limit`.
std::optional<Nfa> to_nfa(const PrefixTree& tree, std::size_t limit);

}  // namespace smic::automata
