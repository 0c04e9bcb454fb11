// SPDX-License-Identifier: Apache-2.0
// A prefix tree to an automaton, back to front: what follows a part is built before the part, so
// that a node is complete when it is made and only loops are patched. Counts are written out.
//
// Classes become the smallest byte automata that can be had: their UTF-8 sequences are a tree, and
// equal branches of it are one node. `.` takes four nodes, \p{Greek} 22, \pL 290.
#include <algorithm>
#include <map>
#include <ranges>
#include <tuple>

#include "base/overload.h"
#include "compiler/automata/nfa.h"
#include "compiler/automata/utf8.h"

namespace smic::automata {
namespace {

class Builder {
 public:
  Builder(const PrefixTree& tree, std::size_t limit) : tree_(tree), limit_(limit) {}

  std::optional<Nfa> build() {
    for (const PrefixTree::Node& node : tree_.nodes) nfa_.stems.push_back(node.stem);
    nfa_.slots = tree_.slots;
    std::vector<NfaId> entries(tree_.nodes.size());
    for (std::size_t i = tree_.nodes.size(); i-- > 0;) {
      entries[i] = build_tree_node(static_cast<std::uint32_t>(i), entries);
      if (over_limit()) return std::nullopt;
    }
    nfa_.start = entries[0];
    return std::move(nfa_);
  }

 private:
  bool over_limit() const { return nfa_.size() > limit_; }

  NfaId build_tree_node(std::uint32_t index, const std::vector<NfaId>& entries) {
    const PrefixTree::Node& node = tree_.nodes[index];
    ways_.clear();
    bytes_.clear();
    for (std::uint32_t child = node.first_child; child; child = tree_.nodes[child].next_sibling) {
      const std::uint32_t label = tree_.nodes[child].label;
      stem_ = child;
      if (label < 256) {
        const auto byte = static_cast<std::uint8_t>(label);
        bytes_.push_back({byte, byte, entries[child]});
      } else {
        const PrefixTree::Part& part = tree_.parts[label - 256];
        ways_.push_back(build_part(*part.ast, part.node, entries[child]));
      }
    }
    stem_ = index;
    if (!bytes_.empty()) ways_.push_back(consume(bytes_));
    for (std::uint32_t i = 0; i < node.ends; ++i) {
      ways_.push_back(accept(tree_.slots[node.stem.first_slot + i]));
    }
    return fork(ways_);
  }

  NfaId build_part(const Ast& ast, NodeId id, NfaId next) {
    if (over_limit()) return next;
    return std::visit(
        Overload{
            [&](const Empty&) { return next; },
            [&](const Literal& literal) {
              for (const char c : std::string_view(literal.bytes) | std::views::reverse) {
                const auto byte = static_cast<std::uint8_t>(c);
                next = consume({{{byte, byte, next}}});
              }
              return next;
            },
            [&](const Class& set) { return build_class(set, next); },
            [&](const AnyByte&) { return consume({{{0x00, 0xFF, next}}}); },
            [&](const Look& look) { return build_look(look, next); },
            [&](const Concat& concat) {
              for (const NodeId part : concat.parts | std::views::reverse) {
                next = build_part(ast, part, next);
              }
              return next;
            },
            [&](const Alternate& alternate) {
              std::vector<NfaId> ways;
              for (const NodeId choice : alternate.choices) {
                ways.push_back(build_part(ast, choice, next));
              }
              return fork(ways);
            },
            [&](const Repeat& repeat) { return build_repeat(ast, repeat, next); },
        },
        ast.nodes[id]);
  }

  NfaId build_repeat(const Ast& ast, const Repeat& repeat, NfaId next) {
    std::uint32_t required = repeat.count.least;
    if (repeat.count.most == Count::kUnbounded) {
      const NfaId loop = fork({{next, next}});
      const NfaId body = build_part(ast, repeat.body, loop);
      nfa_.targets[nfa_.nodes[loop].begin] = body;
      next = required == 0 ? loop : body;
      required -= required == 0 ? 0 : 1;
    } else {
      const NfaId after = next;  // x{0,2} = (x(x)?)?
      for (std::uint32_t i = repeat.count.least; i < repeat.count.most && !over_limit(); ++i) {
        next = fork({{build_part(ast, repeat.body, next), after}});
      }
    }
    for (std::uint32_t i = 0; i < required && !over_limit(); ++i) {
      next = build_part(ast, repeat.body, next);
    }
    return next;
  }

  NfaId build_look(Look look, NfaId next) {
    nfa_.has_looks = true;
    nfa_.targets.push_back(next);
    return add({.kind = NfaNode::Kind::look,
                .look = look,
                .begin = static_cast<std::uint32_t>(nfa_.targets.size() - 1),
                .count = 1});
  }

  NfaId build_class(const Class& set, NfaId next) {
    const std::vector<ByteSequence> sequences = utf8_sequences(set.ranges);
    known_.clear();
    return build_sequences(sequences, 0, next);
  }

  // The sequences agree up to byte `place` and go on from there.
  NfaId build_sequences(std::span<const ByteSequence> sequences, std::uint32_t place, NfaId next) {
    std::vector<Edge> edges;
    while (!sequences.empty()) {
      const ByteRange range = sequences[0].bytes[place];
      std::size_t same = 1;
      while (same < sequences.size() && sequences[same].bytes[place] == range) ++same;
      const NfaId to = place + 1 == sequences[0].length
                           ? next
                           : build_sequences(sequences.first(same), place + 1, next);
      if (!edges.empty() && edges.back().to == to && edges.back().last + 1 == range.first) {
        edges.back().last = range.last;
      } else {
        edges.push_back({range.first, range.last, to});
      }
      sequences = sequences.subspan(same);
    }
    if (place == 0) return consume(edges);
    const auto [found, fresh] = known_.try_emplace(edges, 0);
    if (fresh) found->second = consume(edges);
    return found->second;
  }

  NfaId fork(std::span<const NfaId> ways) {
    if (ways.size() == 1) return ways[0];
    const auto begin = static_cast<std::uint32_t>(nfa_.targets.size());
    nfa_.targets.insert(nfa_.targets.end(), ways.begin(), ways.end());
    return add({.kind = NfaNode::Kind::fork,
                .begin = begin,
                .count = static_cast<std::uint32_t>(ways.size())});
  }

  NfaId consume(std::span<const Edge> edges) {
    const auto begin = static_cast<std::uint32_t>(nfa_.edges.size());
    nfa_.edges.insert(nfa_.edges.end(), edges.begin(), edges.end());
    return add({.kind = NfaNode::Kind::consume,
                .begin = begin,
                .count = static_cast<std::uint32_t>(edges.size())});
  }

  NfaId accept(std::uint32_t pattern) {
    return add({.kind = NfaNode::Kind::accept, .begin = pattern});
  }

  NfaId add(NfaNode node) {
    node.stem = stem_;
    nfa_.nodes.push_back(node);
    return static_cast<NfaId>(nfa_.nodes.size() - 1);
  }

  struct ByEdges {
    bool operator()(const std::vector<Edge>& a, const std::vector<Edge>& b) const {
      return std::ranges::lexicographical_compare(a, b, [](const Edge& x, const Edge& y) {
        return std::tie(x.first, x.last, x.to) < std::tie(y.first, y.last, y.to);
      });
    }
  };

  const PrefixTree& tree_;
  std::size_t limit_;
  Nfa nfa_;
  std::uint32_t stem_ = 0;
  std::vector<NfaId> ways_;  // of the tree node being built
  std::vector<Edge> bytes_;
  std::map<std::vector<Edge>, NfaId, ByEdges> known_;  // nodes of the class being built
};

}  // namespace

std::optional<Nfa> to_nfa(const PrefixTree& tree, std::size_t limit) {
  return Builder(tree, limit).build();
}

}  // namespace smic::automata
