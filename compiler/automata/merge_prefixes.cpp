// SPDX-License-Identifier: Apache-2.0
// Every pattern is a row of parts: the bytes of its literals, and its classes, repeats and inner
// alternatives each as one part. Rows with equal beginnings share a path in a tree:
//
//   /users/[0-9]+        / u s e r s / ─┬─ [0-9]+ ─┬─ (0)
//   /users/[0-9]+/cart                  │          └─ / c a r t (1)
//   /users/me                           └─ m e (2)
//
// The alternatives of a pattern that is one (`/a|/b`) are rows of their own. A part is the same as
// another if its canonical bytes are; `^` in first place says nothing and is left out. Rows are
// sorted, so that each goes on from a node on its predecessor's path and no look-up is needed.
#include <algorithm>
#include <string>
#include <unordered_map>

#include "base/overload.h"
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
  std::visit(Overload{
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
                   append_number(key, repeat.count.least);
                   append_number(key, repeat.count.most);
                   append_key(key, ast, repeat.body);
                 },
             },
             ast.nodes[id]);
}

class Merger {
 public:
  void add(const Member& member) {
    const Ast& ast = *member.ast;
    if (const auto* alternate = std::get_if<Alternate>(&ast.nodes[ast.root])) {
      for (const NodeId choice : alternate->choices) add_row(member, choice);
    } else {
      add_row(member, ast.root);
    }
  }

  PrefixTree merge() {
    std::ranges::sort(rows_, [&](const Row& a, const Row& b) {
      const auto order = std::lexicographical_compare_three_way(
          labels_of(a).begin(), labels_of(a).end(), labels_of(b).begin(), labels_of(b).end());
      return order != 0 ? order < 0 : a.pattern < b.pattern;
    });
    tree_.nodes.emplace_back();
    path_ = {0};
    last_child_ = {0};
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const bool repeated = i > 0 && rows_[i].pattern == rows_[i - 1].pattern &&
                            std::ranges::equal(labels_of(rows_[i]), labels_of(rows_[i - 1]));
      if (!repeated) hang(labels_of(rows_[i]), rows_[i].pattern);
    }
    close_path(0);
    return std::move(tree_);
  }

 private:
  struct Row {
    std::uint32_t first = 0;  // in labels_
    std::uint32_t count = 0;
    std::uint32_t pattern = 0;
  };

  std::span<const std::uint32_t> labels_of(const Row& row) const {
    return {labels_.data() + row.first, row.count};
  }

  void add_row(const Member& member, NodeId root) {
    const auto first = static_cast<std::uint32_t>(labels_.size());
    append_parts(*member.ast, root, first);
    rows_.push_back({first, static_cast<std::uint32_t>(labels_.size()) - first, member.pattern});
  }

  void append_parts(const Ast& ast, NodeId id, std::size_t row_start) {
    const Node& node = ast.nodes[id];
    if (std::holds_alternative<Empty>(node)) return;
    if (const auto* literal = std::get_if<Literal>(&node)) {
      for (const char byte : literal->bytes) labels_.push_back(static_cast<std::uint8_t>(byte));
    } else if (const auto* concat = std::get_if<Concat>(&node)) {
      for (const NodeId part : concat->parts) append_parts(ast, part, row_start);
    } else if (const auto* look = std::get_if<Look>(&node);
               look && *look == Look::begin_text && labels_.size() == row_start) {
      return;
    } else {
      labels_.push_back(part_label(ast, id));
    }
  }

  std::uint32_t part_label(const Ast& ast, NodeId id) {
    key_.clear();
    append_key(key_, ast, id);
    const auto next = static_cast<std::uint32_t>(256 + tree_.parts.size());
    const auto [found, fresh] = label_of_part_.try_emplace(key_, next);
    if (fresh) tree_.parts.push_back({&ast, id});
    return found->second;
  }

  // Rows come in order: what the path has in common with the row stays, the rest is complete.
  void hang(std::span<const std::uint32_t> row, std::uint32_t pattern) {
    std::size_t common = 0;
    while (common < row.size() && common + 1 < path_.size() &&
           tree_.nodes[path_[common + 1]].label == row[common]) {
      ++common;
    }
    close_path(common + 1);
    for (const std::uint32_t label : row.subspan(common)) open_child(label);
    ++tree_.nodes[path_.back()].ends;
    tree_.slots.push_back(pattern);
  }

  void open_child(std::uint32_t label) {
    const auto child = static_cast<std::uint32_t>(tree_.nodes.size());
    const std::uint32_t elder = last_child_.back();
    (elder ? tree_.nodes[elder].next_sibling : tree_.nodes[path_.back()].first_child) = child;
    last_child_.back() = child;
    tree_.nodes.push_back({.label = label, .stem = {.first_slot = slot_count()}});
    path_.push_back(child);
    last_child_.push_back(0);
  }

  void close_path(std::size_t length) {
    while (path_.size() > length) {
      tree_.nodes[path_.back()].stem.last_slot = slot_count();
      path_.pop_back();
      last_child_.pop_back();
    }
  }

  std::uint32_t slot_count() const { return static_cast<std::uint32_t>(tree_.slots.size()); }

  PrefixTree tree_;
  std::vector<Row> rows_;
  std::vector<std::uint32_t> labels_;
  std::unordered_map<std::string, std::uint32_t> label_of_part_;
  std::string key_;
  std::vector<std::uint32_t> path_;        // from the root to the last row's end
  std::vector<std::uint32_t> last_child_;  // of each node on it so far
};

}  // namespace

PrefixTree merge_prefixes(std::span<const Member> members) {
  Merger merger;
  for (const Member& member : members) merger.add(member);
  return merger.merge();
}

}  // namespace smic::automata
