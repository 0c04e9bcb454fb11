// SPDX-License-Identifier: Apache-2.0
// The programs that a path goes through, as values: the ops of contract/tables.h with every field
// told and every ref followed. read_path_code is the one place of codegen that knows how an op is
// written down.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "compiler/codegen/tables_view.h"

namespace smic::codegen {

// Where a program goes on: an op, or the end with a leaf.
struct PathRef {
  bool final = true;
  bool retry = false;    // look at the same byte again, there
  std::uint32_t to = 0;  // index into `ops`, or into `leaves` + 1; 0 = nothing matched
  auto operator<=>(const PathRef&) const = default;
  bool dead() const { return final && to == 0; }
};

using ByteBits = std::array<std::uint64_t, 4>;

struct PathOp {
  // text   a text, then `next`; or where `keys` are chosen from, the ref of the byte after it
  // step   a byte of the class, then `next`
  // span   as many bytes of the class as there are, then `next` at the byte after them
  enum class Kind : std::uint8_t { text, step, span };
  Kind kind = Kind::text;
  bool chooses = false;
  bool utf8 = false;            // step, span: or a well-formed sequence of several bytes
  bool plus = false;            // span: at least one, or nothing matches
  ByteBits bytes{};             // step, span: the class
  std::uint32_t text_size = 0;  // what it says stands in the tables, so that units whose rules
  std::uint32_t text_at = 0;    // differ in it alone have the same code
  std::vector<std::pair<std::uint8_t, PathRef>> keys;
  PathRef next;
  PathRef fallback;          // any other byte
  std::uint32_t accept = 0;  // the subject ends here: a leaf + 1, or 0
  auto operator<=>(const PathOp&) const = default;
};

struct PathCode {
  std::vector<PathRef> roots;  // a program each
  std::vector<PathOp> ops;
  std::vector<std::uint32_t> leaves;  // as tables refer to them
  auto operator<=>(const PathCode&) const = default;
};

// None if there are more ops or bytes of text and keys than that, or a hash (where words are many
// enough to be hashed, tables are the better code), or a bit form, whose code is the kernel's.
std::optional<PathCode> read_path_code(const TablesView& tables, std::size_t most_ops,
                                       std::size_t most_bytes);

}  // namespace smic::codegen
