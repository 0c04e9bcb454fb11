// SPDX-License-Identifier: Apache-2.0
// Every pattern is a row of parts: the bytes of its literals, and its classes, repeats and inner
// alternatives each as one part. Rows with equal beginnings share a path in a tree:
//
//   /users/[0-9]+        / u s e r s / ─┬─ [0-9]+ ─┬─ (0)
//   /users/[0-9]+/cart                  │          └─ / c a r t (1)
//   /users/me                           └─ m e (2)
//
// The alternatives of a pattern that is one (`/a|/b`) are rows of their own. A part is the same as
// another if its canonical bytes are; `^` in first place says nothing and is left out.
#include <string>
#include <unordered_map>

#include "compiler/automata/nfa.h"
#include "compiler/automata/utf8.h"

namespace smic::automata {
namespace {

void append_number(std::string& key, std::uint32_t number) {
  for (int shift = 0; shift < 32; shift += 8) key += static_cast<char>(number >> shift);
}

// Injective: a tag, then everything of the node with its lengths.
void append_key(std::string& key, const Ast& ast, NodeId id) {
  const auto append_nodes = [&](char tag, const std::vector<NodeId>& nodes) {
    key += tag;
    append_number(key, static_cast<std::uint32_t>(nodes.size()));
    for (const NodeId node : nodes) append_key(key, ast, node);
  };
  std::visit(Overloaded{
                 [&](const Empty&) { key += 'e'; },
                 [&](const Literal& literal) {
                   key += 'l';
                   append_number(key, static_cast<std::uint32_t>(literal.bytes.size()));
                   key += literal.bytes;
                 },
                 [&](const Class& set) {
                   key += 'c';
                   append_number(key, static_cast<std::uint32_t>(set.ranges.size()));
                   for (const CodePointRange& range : set.ranges) {
                     append_number(key, range.first);
                     append_number(key, range.last);
                   }
                 },
                 [&](const AnyByte&) { key += 'b'; },
                 [&](const Look& look) { (key += 'k') += static_cast<char>(look); },
                 [&](const Concat& concat) { append_nodes('s', concat.parts); },
                 [&](const Alternate& alternate) { append_nodes('a', alternate.choices); },
                 [&](const Repeat& repeat) {
                   key += 'r';
                   append_number(key, repeat.least);
                   append_number(key, repeat.most);
                   append_key(key, ast, repeat.body);
                 },
             },
             ast.nodes[id]);
}

class Merger {
 public:
  Merger() { tree_.nodes.emplace_back(); }

  void add(const Member& member) {
    const Ast& ast = *member.ast;
    if (const auto* alternate = std::get_if<Alternate>(&ast.nodes[ast.root])) {
      for (const NodeId choice : alternate->choices) add_row(member, choice);
    } else {
      add_row(member, ast.root);
    }
  }

  PrefixTree take() { return std::move(tree_); }

 private:
  void add_row(const Member& member, NodeId root) {
    std::vector<std::uint32_t> row;
    append_parts(*member.ast, root, row);
    std::uint32_t node = 0;
    for (const std::uint32_t label : row) node = child(node, label);
    std::vector<std::uint32_t>& ends = tree_.nodes[node].ends;
    if (ends.empty() || ends.back() != member.pattern) ends.push_back(member.pattern);
  }

  void append_parts(const Ast& ast, NodeId id, std::vector<std::uint32_t>& row) {
    const Node& node = ast.nodes[id];
    if (std::holds_alternative<Empty>(node)) return;
    if (const auto* literal = std::get_if<Literal>(&node)) {
      for (const char byte : literal->bytes) row.push_back(static_cast<std::uint8_t>(byte));
    } else if (const auto* concat = std::get_if<Concat>(&node)) {
      for (const NodeId part : concat->parts) append_parts(ast, part, row);
    } else if (const auto* look = std::get_if<Look>(&node);
               look && *look == Look::begin_text && row.empty()) {
      return;
    } else {
      row.push_back(part_label(ast, id));
    }
  }

  std::uint32_t part_label(const Ast& ast, NodeId id) {
    std::string key;
    append_key(key, ast, id);
    const auto next = static_cast<std::uint32_t>(256 + tree_.parts.size());
    const auto [found, fresh] = labels_.try_emplace(std::move(key), next);
    if (fresh) tree_.parts.push_back({&ast, id});
    return found->second;
  }

  std::uint32_t child(std::uint32_t parent, std::uint32_t label) {
    const auto next = static_cast<std::uint32_t>(tree_.nodes.size());
    const auto [found, fresh] = children_.try_emplace(std::uint64_t{parent} << 32 | label, next);
    if (fresh) {
      tree_.nodes[parent].branches.push_back({next, label});
      tree_.nodes.emplace_back();
    }
    return found->second;
  }

  PrefixTree tree_;
  std::unordered_map<std::string, std::uint32_t> labels_;
  std::unordered_map<std::uint64_t, std::uint32_t> children_;
};

}  // namespace

PrefixTree merge_prefixes(std::span<const Member> members) {
  Merger merger;
  for (const Member& member : members) merger.add(member);
  return merger.take();
}

}  // namespace smic::automata
