// SPDX-License-Identifier: Apache-2.0
#include "compiler/automata/threads.h"

#include <algorithm>
#include <array>
#include <utility>

namespace smic::automata {
namespace {

using Kinds = std::uint8_t;
constexpr Kinds kText = 1;  // no byte: the beginning or the end of the subject
constexpr Kinds kNewline = 2;
constexpr Kinds kWord = 4;  // [0-9A-Za-z_]
constexpr Kinds kOther = 8;
constexpr Kinds kAnyByte = kNewline | kWord | kOther;
constexpr Kinds kAll = kText | kAnyByte;

constexpr std::uint32_t kUnmade = ~0u;

constexpr Kinds kind_of(int byte) {
  if (byte == '\n') return kNewline;
  const bool digit = byte >= '0' && byte <= '9';
  const bool letter = (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
  return digit || letter || byte == '_' ? kWord : kOther;
}

// The bytes cut into runs of one kind, in order: what an edge is split along.
struct Run {
  int first = 0;
  int last = 0;
  Kinds kind = 0;
};

const std::vector<Run>& runs() {
  static const std::vector<Run> all = [] {
    std::vector<Run> out;
    for (int byte = 0; byte < 256; ++byte) {
      if (out.empty() || out.back().kind != kind_of(byte)) {
        out.push_back({byte, byte, kind_of(byte)});
      } else {
        out.back().last = byte;
      }
    }
    return out;
  }();
  return all;
}

// The kinds of the next byte with which the assertion holds, after a byte of kind `behind`.
Kinds allowed_ahead(Look look, Kinds behind) {
  switch (look) {
    case Look::begin_text:
      return behind == kText ? kAll : 0;
    case Look::begin_line:
      return behind == kText || behind == kNewline ? kAll : 0;
    case Look::end_text:
      return kText;
    case Look::end_line:
      return kText | kNewline;
    case Look::word_boundary:
      return behind == kWord ? kAll & ~kWord : kWord;
    case Look::no_word_boundary:
      return behind == kWord ? kWord : kAll & ~kWord;
  }
  return 0;
}

// ThreadIds are 4 * node + kind behind, after them come the `matched` of each pattern.
constexpr std::array<Kinds, 4> kKindOfIndex = {kOther, kText, kNewline, kWord};
ThreadId index_of_kind(Kinds kind) {
  return static_cast<ThreadId>(std::ranges::find(kKindOfIndex, kind) - kKindOfIndex.begin());
}

}  // namespace

Threads::Threads(const Nfa& nfa, Anchor anchor, PatternSets& sets)
    : nfa_(nfa), anchor_(anchor), sets_(sets), entered_(nfa.nodes.size()) {
  if (nfa.has_looks) mark_looking_behind();
}

// Does an assertion that looks behind lie ahead, by empty moves only? Against the arrows, from the
// assertions.
void Threads::mark_looking_behind() {
  looks_behind_.resize(nfa_.nodes.size());
  std::vector<std::vector<NfaId>> before(nfa_.nodes.size());
  std::vector<NfaId> marked;
  for (NfaId id = 0; id < nfa_.nodes.size(); ++id) {
    const NfaNode& node = nfa_.nodes[id];
    if (node.kind == NfaNode::Kind::fork || node.kind == NfaNode::Kind::look) {
      for (const NfaId target : nfa_.targets_of(node)) before[target].push_back(id);
    }
    if (node.kind == NfaNode::Kind::look && node.look != Look::end_text &&
        node.look != Look::end_line) {
      looks_behind_[id] = 1;
      marked.push_back(id);
    }
  }
  while (!marked.empty()) {
    const NfaId id = marked.back();
    marked.pop_back();
    for (const NfaId previous : before[id]) {
      if (looks_behind_[previous]) continue;
      looks_behind_[previous] = 1;
      marked.push_back(previous);
    }
  }
}

ThreadId Threads::start() const { return thread_at(nfa_.start, kText); }

ThreadId Threads::thread_at(NfaId node, Kinds behind) const {
  const bool matters = !looks_behind_.empty() && looks_behind_[node];
  return node * 4 + (matters ? index_of_kind(behind) : 0);
}

Thread Threads::operator[](ThreadId id) {
  if (id >= index_.size())
    index_.resize(std::max<std::size_t>(id + 1, nfa_.nodes.size() * 4), kUnmade);
  if (index_[id] == kUnmade) {
    threads_.push_back(make(id));
    index_[id] = static_cast<std::uint32_t>(threads_.size() - 1);
  }
  return threads_[index_[id]];
}

Thread Threads::make(ThreadId id) {
  if (id >= nfa_.nodes.size() * 4) {
    return make_matched(static_cast<std::uint32_t>(id - nfa_.nodes.size() * 4));
  }
  const NfaId node = id / 4;
  const Kinds behind = kKindOfIndex[id % 4];
  Thread thread{.first_edge = static_cast<std::uint32_t>(edges_.size()),
                .stem = nfa_.nodes[node].stem};
  enter(node, kAll);
  while (!pending_.empty()) {
    const Visit next = pending_.back();
    pending_.pop_back();
    visit(next.node, behind, next.ahead);
  }
  for (const NfaId touched : touched_) entered_[touched] = 0;
  touched_.clear();
  thread.matched = sets_.intern(std::exchange(matched_, {}));
  thread.at_end = sets_.intern(std::exchange(at_end_, {}));
  thread.edge_count = static_cast<std::uint32_t>(edges_.size()) - thread.first_edge;
  thread.sorted = is_in_order(edges_of(thread));
  return thread;
}

Thread Threads::make_matched(std::uint32_t pattern) {
  return {.first_edge = static_cast<std::uint32_t>(edges_.size()),
          .matched = sets_.intern({pattern})};
}

// A node may be entered again, but only for kinds of byte that it was not entered for: so this
// ends.
void Threads::enter(NfaId node, Kinds ahead) {
  const Kinds fresh = ahead & ~entered_[node];
  if (fresh == 0) return;
  if (entered_[node] == 0) touched_.push_back(node);
  entered_[node] |= fresh;
  pending_.push_back({node, fresh});
}

void Threads::visit(NfaId id, Kinds behind, Kinds ahead) {
  const NfaNode& node = nfa_.nodes[id];
  switch (node.kind) {
    case NfaNode::Kind::consume:
      for (const Edge& edge : nfa_.edges_of(node)) visit_edge(edge, ahead);
      break;
    case NfaNode::Kind::fork:
      for (const NfaId target : nfa_.targets_of(node)) enter(target, ahead);
      break;
    case NfaNode::Kind::look:
      enter(nfa_.targets[node.begin], ahead & allowed_ahead(node.look, behind));
      break;
    case NfaNode::Kind::accept:
      visit_accept(node.begin, ahead);
      break;
  }
}

void Threads::visit_edge(const Edge& edge, Kinds ahead) {
  const bool target_looks = !looks_behind_.empty() && looks_behind_[edge.to];
  if (!target_looks && (ahead & kAnyByte) == kAnyByte) {
    return add_edge(edge.first, edge.last, thread_at(edge.to, kOther));
  }
  for (const Run& run : runs()) {
    const int first = std::max<int>(run.first, edge.first);
    const int last = std::min<int>(run.last, edge.last);
    if (first <= last && (run.kind & ahead)) {
      add_edge(static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(last),
               thread_at(edge.to, run.kind));
    }
  }
}

void Threads::visit_accept(std::uint32_t pattern, Kinds ahead) {
  if (ahead & kText) at_end_.push_back(pattern);
  if (anchor_ == Anchor::both) return;
  if (ahead == kAll) return matched_.push_back(pattern);
  for (const Run& run : runs()) {
    if (run.kind & ahead) {
      add_edge(static_cast<std::uint8_t>(run.first), static_cast<std::uint8_t>(run.last),
               static_cast<ThreadId>(nfa_.nodes.size() * 4 + pattern));
    }
  }
}

void Threads::add_edge(std::uint8_t first, std::uint8_t last, ThreadId to) {
  edges_.push_back({first, last, to});
}

bool Threads::is_in_order(std::span<const Edge> edges) {
  for (std::size_t i = 1; i < edges.size(); ++i) {
    if (edges[i].first <= edges[i - 1].last) return false;
  }
  return true;
}

bool Threads::is_spent(const Thread& thread, SetId matched) const {
  if (matched == kNoPatterns) return false;
  const Stem& stem = nfa_.stems[thread.stem];
  for (std::uint32_t slot = stem.first_slot; slot < stem.last_slot; ++slot) {
    if (!sets_.contains(matched, nfa_.slots[slot])) return false;
  }
  return true;
}

}  // namespace smic::automata
