// SPDX-License-Identifier: Apache-2.0
// A parsed pattern: what it matches and nothing else. Groups, their names, laziness and flags are
// gone; `(?i)a` is the class [Aa], `.` is the class of all but the newline, `a{2,}` a repeat.
// Depth is bounded by limits().nesting, so that functions over the tree may recurse.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "compiler/automata/code_points.h"

namespace smic::automata {

using NodeId = std::uint32_t;  // index into Ast::nodes

struct Empty {};
struct Literal {  // one or more characters, UTF-8
  std::string bytes;
};
struct Class {  // one character; with no ranges, nothing at all
  std::vector<CodePointRange> ranges;
};
struct AnyByte {};  // \C
enum class Look : std::uint8_t {
  begin_text,        // \A, ^
  end_text,          // \z, $
  begin_line,        // (?m)^
  end_line,          // (?m)$
  word_boundary,     // \b
  no_word_boundary,  // \B
};
struct Concat {
  std::vector<NodeId> parts;
};
struct Alternate {
  std::vector<NodeId> choices;
};
struct Count {
  static constexpr std::uint32_t kUnbounded = ~0u;
  std::uint32_t least = 0;
  std::uint32_t most = kUnbounded;
};
struct Repeat {
  NodeId body = 0;
  Count count;
};

using Node = std::variant<Empty, Literal, Class, AnyByte, Look, Concat, Alternate, Repeat>;

struct Ast {
  std::vector<Node> nodes;
  NodeId root = 0;
  std::size_t pattern_length = 0;  // of the text, for messages about the whole
};

}  // namespace smic::automata
