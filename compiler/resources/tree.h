// SPDX-License-Identifier: Apache-2.0
// A document as a tree of values that know where they were written: the one form that YAML and JSON
// both become. TreeBuilder takes the reader's events, counts against the limits and never recurses,
// so input depth does not become stack depth.
//
// Nodes, keys and decoded texts live in one arena per document and die with it; texts that stand in
// the source as they are stay views into it. Aliases share their node, so the tree is really a
// graph without cycles; `weight` is a node's size with aliases written out.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "compiler/diagnostics/diagnostics.h"

namespace smic::resources {

enum class NodeKind : std::uint8_t { null, scalar, sequence, mapping };

struct Node;

struct Entry {
  const Node* key = nullptr;  // a scalar; null in sequences
  const Node* value = nullptr;
};

struct Node {
  Span span;  // a scalar's text without quotes, a container's first key or item
  NodeKind kind = NodeKind::null;
  bool quoted = false;             // text even if it looks like a number
  std::uint32_t weight = 1;        // nodes in it, itself included
  std::string_view text;           // of a scalar
  std::span<const Entry> entries;  // of a sequence or mapping, in the order written
};

// Why a document cannot be read: E50 or E51.
struct Failure {
  std::string code;
  Span span;
  std::string message;
  std::string help;
};

class TreeBuilder {
 public:
  // `source` is the whole source's text; texts inside it are not copied.
  explicit TreeBuilder(std::string_view source) : source_(source) {}

  void null(const Span& span, bool written = true);
  void scalar(const Span& span, std::string_view text, bool quoted);
  void begin_sequence(const Span& span) { begin(NodeKind::sequence, span); }
  void begin_mapping(const Span& span) { begin(NodeKind::mapping, span); }
  void end();

  // The value that was opened last is what aliases of `anchor` mean.
  void anchor(std::size_t anchor) { anchors_[anchor] = last_; }
  void alias(const Span& span, std::size_t anchor);

  void fail(std::string code, const Span& span, std::string message, std::string help = {});
  const std::optional<Failure>& failure() const { return failure_; }

  bool inside_container() const { return !open_.empty(); }
  bool inside_mapping() const {
    return inside_container() && open_.back().node->kind == NodeKind::mapping;
  }
  bool expects_key() const { return inside_mapping() && open_.back().key == nullptr; }

  // Null if the document is empty or cannot be read.
  const Node* root() const { return failure_ ? nullptr : root_; }

 private:
  struct Open {
    Node* node;
    std::size_t first_entry;  // in pending_
    const Node* key;          // a mapping's key that waits for its value
  };

  Node* create(NodeKind kind, const Span& span);
  void begin(NodeKind kind, const Span& span);
  void add(const Node* value);
  bool count(std::size_t nodes, const Span& span);
  void merge(std::vector<Entry>& entries);
  std::string_view keep(std::string_view text);

  std::string_view source_;
  std::pmr::monotonic_buffer_resource arena_{std::size_t{16} << 10};
  std::vector<Open> open_;
  std::vector<Entry> pending_;  // entries of all open containers
  std::unordered_map<std::size_t, const Node*> anchors_;
  const Node* root_ = nullptr;
  Node* last_ = nullptr;
  std::size_t nodes_ = 0;
  std::optional<Failure> failure_;
};

// The value of `key` in a mapping, or null.
const Node* find(const Node& mapping, std::string_view key);

}  // namespace smic::resources
