// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/contract/check_tables_test.cpp and tests/fuzz/fuzz_tables.cpp.
#include "contract/check_program.h"

#include <algorithm>
#include <bit>

namespace smic::contract {
namespace {

std::uint32_t optional_fields(std::uint32_t flags) {
  return 4 * std::popcount(flags & (kOpAccept | kOpFallback | kOpNext));
}

}  // namespace

Result<void> ProgramChecker::check(std::uint32_t root) {
  if (auto checked = check_ref(root, 0); !checked) return checked;
  while (!open_.empty()) {
    const std::uint32_t at = open_.back();
    open_.pop_back();
    if (ops_.contains(at)) continue;
    if (auto checked = check_op(at); !checked) return checked;
  }
  return {};
}

// The invariant of tables.h: at most four ops look at one byte.
Result<void> ProgramChecker::check_progress() const {
  for (const auto& [at, op] : ops_) {
    if (!op.go) continue;
    const Op& next = ops_.at(*op.go);
    if (next.kind == contract::Op::kSpan || next.retries) return refuse("a span that goes on", at);
  }
  for (const std::uint32_t at : retried_) {
    if (ops_.at(at).retries) return refuse("a retry of a retry", at);
  }
  for (const std::uint32_t at : hashed_) {
    if (ops_.at(at).kind == contract::Op::kHash) return refuse("a hash of a hash", at);
  }
  return {};
}

Result<void> ProgramChecker::check_op(std::uint32_t at) {
  if (!records_.take(at, 4)) return refuse("an op", at);
  Op op{static_cast<contract::Op>(records_.read8(at) & kOpKind)};
  Result<void> checked;
  switch (op.kind) {
    case contract::Op::kNode:
      checked = check_node(at, op);
      break;
    case contract::Op::kEnd:
      checked = check_end(at, op);
      break;
    case contract::Op::kStep:
    case contract::Op::kSpan:
      checked = check_class(at, op);
      break;
    case contract::Op::kMap:
      checked = check_map(at, op);
      break;
    case contract::Op::kHash:
      checked = check_hash(at, op);
      break;
    case contract::Op::kBits:
      checked = check_bits(at);
      break;
    case contract::Op::kLast:
      checked = check_last(at);
      break;
  }
  ops_.emplace(at, op);
  return checked;
}

Result<void> ProgramChecker::check_node(std::uint32_t at, Op& op) {
  const std::uint32_t flags = records_.read8(at) & ~kOpKind;
  const std::uint32_t length = records_.read8(at + 1);
  const std::uint32_t slots = records_.read8(at + 2);
  if (length + slots == 0 || slots > kMaxSlots || (slots != 0 && (flags & kOpNext) != 0)) {
    return refuse("a node", at);
  }
  const std::uint32_t table = slots == 0 ? 0 : 1u << (slots - 1);
  const std::uint32_t text_and_keys = (length + 3) / 4 * 4 + (table + 3) / 4 * 4;
  const std::uint32_t size = text_and_keys + 4 * table + optional_fields(flags);
  if (slots == 0 && 4 * records_.read8(at + 3) != 4 + size) return refuse("a node's size", at);
  if (!records_.take(at + 4, size)) return refuse("a node", at);
  const std::uint64_t refs = at + 4ull + text_and_keys;
  for (std::uint32_t i = 0; i < table; ++i) {
    if (auto checked = check_ref(records_.read32(refs + 4 * i), at); !checked) return checked;
  }
  return check_fields({refs + 4 * table, flags, slots != 0, at + 4ull + size}, op, false);
}

Result<void> ProgramChecker::check_end(std::uint32_t at, Op& op) {
  const std::uint32_t flags = records_.read8(at) & ~kOpKind;
  if ((flags & kOpNext) != 0 || !records_.take(at + 4ull, optional_fields(flags))) {
    return refuse("an end", at);
  }
  return check_fields({at + 4ull, flags, true, 0}, op, false);
}

Result<void> ProgramChecker::check_last(std::uint32_t at) {
  const std::uint32_t length = records_.read8(at + 1);
  const bool plain = records_.read8(at) == static_cast<std::uint32_t>(contract::Op::kLast) &&
                     records_.read16(at + 2) == 0;
  if (!plain || length == 0 || !records_.take(at + 4ull, 4 + (length + 3) / 4 * 4)) {
    return refuse("a last text", at);
  }
  return check_result(records_.read32(at + 4));
}

Result<void> ProgramChecker::check_class(std::uint32_t at, Op& op) {
  const std::uint32_t flags = records_.read8(at) & ~kOpKind;
  const std::uint32_t test = records_.read8(at + 1);
  const std::uint32_t plus = op.kind == contract::Op::kSpan ? kTestPlus : 0;
  if ((test & ~(kTestRanged | kTestUtf8 | plus)) != 0 || records_.read16(at + 2) >= byte_classes_ ||
      !records_.take(at + 4, optional_fields(flags))) {
    return refuse("a class", at);
  }
  const std::uint64_t end = at + 4ull + optional_fields(flags);
  return check_fields({at + 4ull, flags, false, end}, op, test & kTestUtf8);
}

Result<void> ProgramChecker::check_map(std::uint32_t at, Op& op) {
  const std::uint32_t flags = records_.read8(at) & ~kOpKind;
  if ((flags & ~kMapRuns) != 0 || !records_.take(at + 4, kMapHeader - 4))
    return refuse("a map", at);
  std::uint32_t refs = 0;
  for (std::uint32_t word = 0; word < 4; ++word) {
    if (records_.read8(at + 12 + word) != refs) return refuse("a map's ranks", at);
    refs += std::popcount(records_.read64(at + 16 + 8 * word));
  }
  const bool runs = flags & kMapRuns;
  if (runs && (records_.read8(at + 16) & 1) == 0) return refuse("a map's runs", at);
  if (!records_.take(at + kMapHeader, 4 * refs)) return refuse("a map's refs", at);
  for (std::uint32_t i = 0; i < refs; ++i) {
    const std::uint32_t ref = records_.read32(at + kMapHeader + 4 * i);
    if (auto checked = check_ref(ref, at); !checked) return checked;
  }
  if (auto checked = check_result(records_.read32(at + 4)); !checked) return checked;
  return check_fallback(records_.read32(at + 8), at, op);
}

// It takes no byte for its fallback, which says so unless it is final.
Result<void> ProgramChecker::check_hash(std::uint32_t at, Op& op) {
  const std::uint32_t bits = records_.read8(at + 2);
  const std::uint32_t segments = records_.read8(at + 3);
  if (records_.read8(at) != static_cast<std::uint32_t>(contract::Op::kHash) || segments == 0 ||
      segments > kMaxSegments || bits < kMinShiftBits || bits > kMaxShiftBits ||
      !records_.take(at + 4ull, kHashHeader - 4)) {
    return refuse("a hash", at);
  }
  op.retries = true;
  if (auto checked = check_words(at, bits); !checked) return checked;
  std::uint32_t fallback = records_.read32(at + 8);
  if ((fallback & kRefFinal) == 0) {
    if ((fallback & kRefTags) != kRefRetry) return refuse("a ref that takes no byte", at);
    fallback &= ~kRefTags;
    hashed_.push_back(fallback);
  }
  if (auto checked = check_ref(fallback, at); !checked) return checked;
  return check_result(records_.read32(at + 4));
}

Result<void> ProgramChecker::check_words(std::uint32_t at, std::uint32_t bits) {
  const std::uint64_t slots = records_.read32(at + 12), prefixes = records_.read32(at + 16);
  const std::uint64_t stride = records_.read32(at + 20);
  if (slots == 0 || prefixes == 0 || prefixes > kMaxPrefixes || stride == 0 ||
      stride > kMaxStride || stride % 4 != 0) {
    return refuse("a hash's words", at);
  }
  const std::uint64_t shifts = at + std::uint64_t{kHashHeader};
  const std::uint64_t table = word_table(at, bits);
  const std::uint64_t size = table - shifts + sizeof(WordSlot) * slots + stride * prefixes;
  if (!records_.take(shifts, size)) return refuse("a hash's words", at);
  for (std::uint64_t slot = table; slot < table + sizeof(WordSlot) * slots;
       slot += sizeof(WordSlot)) {
    if (records_.read32(slot + 8) >> 8 >= prefixes) return refuse("a word's prefix", at);
    if (auto checked = check_slot(slot); !checked) return checked;
  }
  return {};
}

// Whatever the text is, it is only compared.
Result<void> ProgramChecker::check_slot(std::uint64_t at) {
  const std::uint32_t result = records_.read32(at + 4) & ~kWordSlash;
  if (result == kResultOfWord) return refuse("a word's result", at);
  if (auto checked = check_result(result); !checked) return checked;
  return check_ref(records_.read32(at), at);
}

// next, fallback, accept, as far as the flags say they are there.
Result<void> ProgramChecker::check_fields(Fields fields, Op& op, bool utf8) {
  std::uint64_t at = fields.at;
  if (!fields.branches) {
    std::uint32_t next = static_cast<std::uint32_t>(fields.end);
    if (fields.flags & kOpNext) {
      next = records_.read32(at);
      at += 4;
    }
    if (auto checked = check_ref(next, at); !checked) return checked;
    if (op.kind == contract::Op::kSpan && (next & kRefFinal) == 0) op.go = next;
  }
  if (fields.flags & kOpFallback) {
    const std::uint32_t fallback = records_.read32(at);
    if (utf8 && (fallback & kRefFinal) == 0) return refuse("where a broken sequence leads", at);
    if (auto checked = check_fallback(fallback, at, op); !checked) return checked;
    at += 4;
  }
  return fields.flags & kOpAccept ? check_result(records_.read32(at)) : Result<void>{};
}

Result<void> ProgramChecker::check_fallback(std::uint32_t ref, std::uint64_t at, Op& op) {
  if ((ref & kRefTags) == kRefRetry) {
    op.retries = true;
    ref &= ~kRefTags;
    retried_.push_back(ref);
  }
  return check_ref(ref, at);
}

Result<void> ProgramChecker::check_ref(std::uint32_t ref, std::uint64_t at) {
  if (ref & kRefRetry) return refuse("a ref", at);
  if (ref & kRefFinal) return check_result(ref & ~kRefTags);
  open_.push_back(ref);
  return {};
}

Result<void> ProgramChecker::check_result(std::uint32_t offset) {
  if (offset == 0 || offset == kResultOfWord || !results_.insert(offset).second) return {};
  return offset % 4 != 0 ? refuse("a result", offset) : result_(offset);
}

}  // namespace smic::contract
