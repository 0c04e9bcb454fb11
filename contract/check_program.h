// SPDX-License-Identifier: Apache-2.0
// Part of check_tables: every op that a program can come to.
#pragma once

#include <functional>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "contract/check_records.h"

namespace smic::contract {

class ProgramChecker {
 public:
  // `result` checks what a final ref or an accept field refers to, and is asked once per offset.
  using ResultCheck = std::function<Result<void>(std::uint32_t offset)>;

  ProgramChecker(Records& records, std::uint32_t byte_classes, ResultCheck result)
      : records_(records), byte_classes_(byte_classes), result_(std::move(result)) {}

  Result<void> check(std::uint32_t root);

  // After the last root.
  Result<void> check_progress() const;

 private:
  struct Op {
    contract::Op kind;
    bool retries = false;             // its fallback looks at the same byte again
    std::optional<std::uint32_t> go;  // span: the op that sees the byte after it
  };
  struct Fields {
    std::uint64_t at;  // of the first optional field
    std::uint32_t flags;
    bool branches;      // there is no one next op
    std::uint64_t end;  // of the op, where the next one is if no field says otherwise
  };

  Result<void> check_op(std::uint32_t at);
  Result<void> check_node(std::uint32_t at, Op& op);
  Result<void> check_end(std::uint32_t at, Op& op);
  Result<void> check_last(std::uint32_t at);
  Result<void> check_class(std::uint32_t at, Op& op);
  Result<void> check_map(std::uint32_t at, Op& op);
  Result<void> check_hash(std::uint32_t at, Op& op);
  Result<void> check_words(std::uint32_t at, std::uint32_t bits);
  Result<void> check_slot(std::uint64_t at);
  Result<void> check_bits(std::uint32_t at);  // check_bits.cpp
  Result<void> check_fields(Fields fields, Op& op, bool utf8);
  Result<void> check_ref(std::uint32_t ref, std::uint64_t at);
  Result<void> check_fallback(std::uint32_t ref, std::uint64_t at, Op& op);
  Result<void> check_result(std::uint32_t offset);

  Records& records_;
  std::uint32_t byte_classes_;
  ResultCheck result_;
  std::unordered_map<std::uint32_t, Op> ops_;
  std::unordered_set<std::uint32_t> results_;
  std::vector<std::uint32_t> open_;     // ops still to be checked
  std::vector<std::uint32_t> retried_;  // ops that some op retries at
  std::vector<std::uint32_t> hashed_;   // ops that are a hash's fallback
};

}  // namespace smic::contract
