// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "compiler/codegen/path_code.h"

namespace smic::codegen {
namespace {

using namespace contract;

// Ops lie at multiples of four, so this tells the second half of a `last`.
constexpr std::uint32_t kEndOfLast = 1;

class Reader {
 public:
  Reader(const TablesView& tables, std::size_t most_ops, std::size_t most_bytes)
      : tables_(tables), most_ops_(most_ops), most_bytes_(most_bytes) {}

  std::optional<PathCode> read() {
    const TablesHeader& header = tables_.header();
    for (std::uint32_t group = 0; group < header.path_groups; ++group) {
      code_.roots.push_back(ref(word(header.path_roots + 4 * std::uint64_t{group})));
    }
    for (std::size_t i = 0; i < offsets_.size(); ++i) {  // grows while ops are read
      const std::uint32_t at = offsets_[i];
      const Op kind = static_cast<Op>(word(at & ~kEndOfLast) & kOpKind);
      if (kind == Op::kHash || kind == Op::kBits) return std::nullopt;
      PathOp op = at & kEndOfLast ? read_end_of_last(at & ~kEndOfLast) : read_op(at);
      bytes_ += op.text_size + op.keys.size();
      if (offsets_.size() > most_ops_ || bytes_ > most_bytes_) return std::nullopt;
      code_.ops.push_back(std::move(op));
    }
    return std::move(code_);
  }

 private:
  std::uint32_t word(std::uint64_t at) const { return tables_.at<std::uint32_t>(at); }

  std::uint32_t leaf(std::uint32_t leaf) {
    if (leaf == 0) return 0;
    const auto [at, fresh] = leaf_ids_.try_emplace(leaf, code_.leaves.size() + 1);
    if (fresh) code_.leaves.push_back(leaf);
    return static_cast<std::uint32_t>(at->second);
  }

  PathRef ref(std::uint32_t bits) {
    const std::uint32_t offset = bits & ~kRefTags;
    if (bits & kRefFinal) return {.final = true, .to = leaf(offset)};
    return {false, (bits & kRefRetry) != 0, op_at(offset)};
  }

  std::uint32_t op_at(std::uint32_t offset) {
    const auto [at, fresh] = op_ids_.try_emplace(offset, offsets_.size());
    if (fresh) offsets_.push_back(offset);
    return static_cast<std::uint32_t>(at->second);
  }

  PathOp read_op(std::uint32_t at) {
    const std::uint32_t head = word(at);
    switch (static_cast<Op>(head & kOpKind)) {
      case Op::kNode:
        return read_node(at, head);
      case Op::kStep:
      case Op::kSpan:
        return read_class(at, head);
      case Op::kEnd:
        return read_end(at, head);
      case Op::kMap:
        return read_map(at, head);
      case Op::kLast:
        return read_last(at, head);
      case Op::kHash:
      case Op::kBits:
        break;
    }
    SMIC_CHECK(false, "a decision's tables have an op of an unknown kind");
    return {};
  }

  // The optional fields from `at` on; without `next` the op goes on at what follows them.
  void read_fields(std::uint32_t head, std::uint32_t at, PathOp& op) {
    std::optional<std::uint32_t> next;
    const auto take = [&] { return word(std::exchange(at, at + 4)); };
    if (head & kOpNext) next = take();
    if (head & kOpFallback) op.fallback = ref(take());
    if (head & kOpAccept) op.accept = leaf(take());
    if (!op.chooses) op.next = ref(next.value_or(at));
  }

  static std::uint32_t padded(std::uint32_t size) { return (size + 3) / 4 * 4; }

  PathOp read_node(std::uint32_t at, std::uint32_t head) {
    const std::uint32_t length = head >> 8 & 0xff, slots = head >> 16 & 0xff;
    PathOp op{.chooses = slots != 0, .text_size = length, .text_at = at + 4};
    const std::uint32_t keys = op.text_at + padded(length);
    const std::uint32_t table = slots == 0 ? 0 : 1u << (slots - 1);
    const std::uint32_t refs = keys + padded(table);
    for (std::uint32_t i = 0; i < table; ++i) {
      const auto byte = tables_.at<std::uint8_t>(keys + i);
      if (key_slot(byte, slots, head >> 24) != i) continue;  // a free slot
      op.keys.emplace_back(byte, ref(word(refs + 4 * i)));
    }
    read_fields(head, refs + 4 * table, op);
    return op;
  }

  PathOp read_class(std::uint32_t at, std::uint32_t head) {
    const bool span = static_cast<Op>(head & kOpKind) == Op::kSpan;
    const std::uint32_t test = head >> 8 & 0xff;
    PathOp op{.kind = span ? PathOp::Kind::span : PathOp::Kind::step,
              .utf8 = (test & kTestUtf8) != 0,
              .plus = (test & kTestPlus) != 0};
    const std::uint64_t record = sizeof(ByteClassRecord) * std::uint64_t{head >> 16};
    const std::uint64_t bits = tables_.header().byte_class_table + record;
    for (std::size_t i = 0; i < op.bytes.size(); ++i) {
      op.bytes[i] = tables_.at<std::uint64_t>(bits + 8 * i);
    }
    read_fields(head, at + 4, op);
    return op;
  }

  // A choice without keys: every byte goes to the fallback.
  PathOp read_end(std::uint32_t at, std::uint32_t head) {
    PathOp op{.chooses = true};
    read_fields(head, at + 4, op);
    return op;
  }

  // Two ops: the text, and then a choice without keys that is dead for every byte.
  PathOp read_last(std::uint32_t at, std::uint32_t head) {
    PathOp op{.text_size = head >> 8 & 0xff, .text_at = at + 8};
    op.next = {false, false, op_at(at | kEndOfLast)};
    return op;
  }
  PathOp read_end_of_last(std::uint32_t at) {
    return {.chooses = true, .accept = leaf(word(at + 4))};
  }

  PathOp read_map(std::uint32_t at, std::uint32_t head) {
    PathOp op{.chooses = true, .accept = leaf(word(at + 4))};
    const bool runs = (head & kMapRuns) != 0;
    if (!runs) op.fallback = ref(word(at + 8));
    std::uint32_t rank = 0;
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
      const bool key = tables_.at<std::uint64_t>(at + 16 + 8 * (byte / 64)) >> (byte % 64) & 1;
      if (key) ++rank;
      if (!key && !runs) continue;
      op.keys.emplace_back(byte, ref(word(at + kMapHeader + 4 * (rank - 1))));
    }
    if (runs) take_fallback(op);
    return op;
  }

  // Where most bytes lead becomes the fallback.
  static void take_fallback(PathOp& op) {
    std::map<PathRef, std::size_t> uses;
    for (const auto& [byte, to] : op.keys) ++uses[to];
    op.fallback =
        std::ranges::max_element(uses, {}, [](const auto& use) { return use.second; })->first;
    std::erase_if(op.keys, [&](const auto& key) { return key.second == op.fallback; });
  }

  const TablesView& tables_;
  const std::size_t most_ops_, most_bytes_;
  std::size_t bytes_ = 0;
  PathCode code_;
  std::vector<std::uint32_t> offsets_;  // of ops met, in order
  std::map<std::uint32_t, std::size_t> op_ids_, leaf_ids_;
};

}  // namespace

std::optional<PathCode> read_path_code(const TablesView& tables, std::size_t most_ops,
                                       std::size_t most_bytes) {
  return Reader(tables, most_ops, most_bytes).read();
}

}  // namespace smic::codegen
