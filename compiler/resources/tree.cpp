// SPDX-License-Identifier: Apache-2.0
#include "compiler/resources/tree.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <unordered_set>

#include "base/check.h"
#include "compiler/resources/limits.h"

namespace smic::resources {
namespace {

constexpr std::string_view kMergeKey = "<<";

bool is_merge_key(const Node& key) { return !key.quoted && key.text == kMergeKey; }

// The mappings that the value of a merge key stands for: one, or a list of them.
std::vector<const Node*> merged_mappings(const Node& value) {
  std::vector<const Node*> mappings;
  if (value.kind == NodeKind::mapping) mappings.push_back(&value);
  if (value.kind != NodeKind::sequence) return mappings;
  for (const Entry& item : value.entries) {
    if (item.value->kind == NodeKind::mapping) mappings.push_back(item.value);
  }
  return mappings;
}

}  // namespace

void TreeBuilder::fail(std::string code, const Span& span, std::string message, std::string help) {
  if (!failure_) failure_ = {std::move(code), span, std::move(message), std::move(help)};
}

bool TreeBuilder::count(std::size_t nodes, const Span& span) {
  nodes_ += nodes;
  if (nodes_ <= limits::kNodes) return true;
  fail("E51", span, "this document has more than " + std::to_string(limits::kNodes) + " values",
       "aliases count as if they were written out; split the document with `---` lines");
  return false;
}

Node* TreeBuilder::create(NodeKind kind, const Span& span) {
  static_assert(std::is_trivially_destructible_v<Node>);
  Node* node = new (arena_.allocate(sizeof(Node), alignof(Node))) Node;
  node->kind = kind;
  node->span = span;
  return last_ = node;
}

std::string_view TreeBuilder::keep(std::string_view text) {
  const std::less_equal<const char*> before;  // the one order between any two pointers
  const bool inside_source = before(source_.data(), text.data()) &&
                             before(text.data() + text.size(), source_.data() + source_.size());
  if (inside_source || text.empty()) return text;
  char* copy = static_cast<char*>(arena_.allocate(text.size(), 1));
  std::memcpy(copy, text.data(), text.size());
  return {copy, text.size()};
}

void TreeBuilder::null(const Span& span, bool written) {
  if (failure_ || !count(1, span)) return;
  if (expects_key()) return scalar(span, "null", false);
  // A value that is not there is best pointed at by its key.
  const bool at_key = !written && inside_mapping();
  add(create(NodeKind::null, at_key ? open_.back().key->span : span));
}

void TreeBuilder::scalar(const Span& span, std::string_view text, bool quoted) {
  if (failure_ || !count(1, span)) return;
  Node* node = create(NodeKind::scalar, span);
  node->text = keep(text);
  node->quoted = quoted;
  add(node);
}

void TreeBuilder::begin(NodeKind kind, const Span& span) {
  if (failure_ || !count(1, span)) return;
  if (expects_key()) return fail("E50", span, "a key must be plain text, not a list or a mapping");
  if (open_.size() >= limits::kDepth) {
    return fail("E51", span,
                "values are nested more than " + std::to_string(limits::kDepth) + " levels deep");
  }
  open_.push_back({create(kind, span), pending_.size(), nullptr});
}

void TreeBuilder::end() {
  if (failure_) return;
  SMIC_CHECK(inside_container(), "a container ends that was not begun");
  const Open closed = open_.back();
  open_.pop_back();
  std::vector<Entry> entries(pending_.begin() + static_cast<std::ptrdiff_t>(closed.first_entry),
                             pending_.end());
  pending_.resize(closed.first_entry);
  if (closed.node->kind == NodeKind::mapping) merge(entries);
  if (failure_) return;

  Entry* kept = nullptr;
  if (!entries.empty()) {
    kept = static_cast<Entry*>(arena_.allocate(entries.size() * sizeof(Entry), alignof(Entry)));
    std::uninitialized_copy(entries.begin(), entries.end(), kept);
    const Node* first = entries[0].key ? entries[0].key : entries[0].value;
    if (closed.node->kind == NodeKind::mapping) closed.node->span = first->span;
  }
  closed.node->entries = {kept, entries.size()};
  std::uint64_t weight = 1;
  for (const Entry& entry : entries) weight += entry.value->weight + (entry.key ? 1u : 0u);
  closed.node->weight = static_cast<std::uint32_t>(std::min<std::uint64_t>(weight, UINT32_MAX));
  add(closed.node);
}

void TreeBuilder::add(const Node* value) {
  if (!inside_container()) {
    root_ = value;
    return;
  }
  Open& open = open_.back();
  if (open.node->kind == NodeKind::sequence) {
    pending_.push_back({nullptr, value});
  } else if (open.key == nullptr) {
    open.key = value;
  } else {
    pending_.push_back({open.key, value});
    open.key = nullptr;
  }
}

void TreeBuilder::alias(const Span& span, std::size_t anchor) {
  if (failure_) return;
  const auto found = anchors_.find(anchor);
  if (found == anchors_.end()) return fail("E50", span, "this alias has no anchor before it");
  const Node* target = found->second;
  const auto is_target = [&](const Open& open) { return open.node == target; };
  if (std::ranges::any_of(open_, is_target)) {
    return fail("E50", span, "this alias stands inside of what it is an alias for");
  }
  if (expects_key() && target->kind != NodeKind::scalar) {
    return fail("E50", span, "a key must be plain text, not a list or a mapping");
  }
  if (count(target->weight, span)) add(target);
}

// `<<: *defaults` adds the keys of another mapping that this one does not have itself.
void TreeBuilder::merge(std::vector<Entry>& entries) {
  const auto is_merge = [](const Entry& entry) { return is_merge_key(*entry.key); };
  if (std::ranges::none_of(entries, is_merge)) return;
  std::vector<Entry> own;
  std::unordered_set<std::string_view> keys;
  for (const Entry& entry : entries) {
    if (is_merge(entry)) continue;
    own.push_back(entry);
    keys.insert(entry.key->text);
  }
  for (const Entry& entry : entries) {
    if (!is_merge(entry)) continue;
    for (const Node* mapping : merged_mappings(*entry.value)) {
      for (const Entry& merged : mapping->entries) {
        if (keys.insert(merged.key->text).second) own.push_back(merged);
      }
    }
  }
  entries = std::move(own);
}

const Node* find(const Node& mapping, std::string_view key) {
  if (mapping.kind != NodeKind::mapping) return nullptr;
  for (const Entry& entry : mapping.entries) {
    if (entry.key->text == key) return entry.value;
  }
  return nullptr;
}

}  // namespace smic::resources
