// SPDX-License-Identifier: Apache-2.0
// Where the parser stands in a pattern, and the parts of the parser that live in files of their
// own.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "compiler/automata/ast.h"
#include "compiler/automata/automata.h"
#include "compiler/automata/code_points.h"

namespace smic::automata {

template <class T>
using Parsed = std::expected<T, SyntaxError>;

class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  bool done() const { return offset_ == text_.size(); }
  std::size_t offset() const { return offset_; }
  std::string_view rest() const { return text_.substr(offset_); }
  std::string_view since(std::size_t start) const { return text_.substr(start, offset_ - start); }
  bool at(std::string_view token) const { return rest().starts_with(token); }
  bool take(std::string_view token);
  void skip(std::size_t bytes) { offset_ += bytes; }

  // The next character; nothing at the end or where the text is not UTF-8.
  std::optional<char32_t> take_point();

  std::unexpected<SyntaxError> fail(std::size_t start, std::string message,
                                    std::string help = {}) const;
  std::unexpected<SyntaxError> fail_utf8() const;

 private:
  std::string_view text_;
  std::size_t offset_ = 0;
};

std::string quoted(std::string_view text);  // in backticks

struct Flags {
  bool fold = false;        // i
  bool multi_line = false;  // m
  bool dot_all = false;     // s
};

// parse_group.cpp: from a `(` to where the group's content begins (true), or over an `(?i)` that
// opens none (false).
Parsed<bool> parse_group_opening(Cursor& cursor, Flags& flags);

// parse_count.cpp: * + ? {n} {n,} {n,m}, or nothing at a `{` that is a literal.
std::optional<Count> take_count(Cursor& cursor);

// parse_class.cpp: from a `\` or a `[`.
Parsed<char32_t> parse_escape(Cursor& cursor);
Parsed<std::optional<CodePoints>> parse_class_escape(Cursor& cursor,
                                                     bool fold);  // \d, \pL; or none
Parsed<CodePoints> parse_bracket(Cursor& cursor, bool fold);

// refused.cpp: if what comes is a construct that other engines know and RE2 syntax does not, the
// error that names it.
std::optional<std::unexpected<SyntaxError>> refuse_by_name(Cursor& cursor);

}  // namespace smic::automata
