// SPDX-License-Identifier: Apache-2.0
// Escapes and character classes. Tested by tests/unit/automata/parse_test.cpp and against RE2.
#include <algorithm>
#include <cstdint>

#include "compiler/automata/cursor.h"

namespace smic::automata {
namespace {

std::optional<std::uint32_t> hex_digit(char32_t point) {
  if (point >= '0' && point <= '9') return point - '0';
  if (point >= 'a' && point <= 'f') return point - 'a' + 10;
  if (point >= 'A' && point <= 'F') return point - 'A' + 10;
  return std::nullopt;
}

bool at_octal_digit(const Cursor& cursor) {
  return !cursor.done() && cursor.rest()[0] >= '0' && cursor.rest()[0] <= '7';
}

Parsed<char32_t> bad_escape(Cursor& cursor, std::size_t start) {
  return cursor.fail(start, "unknown escape " + quoted(cursor.since(start)),
                     "a letter or digit that means nothing special needs no backslash");
}

// After the first digit: up to two more. One alone, other than 0, would be a backreference.
Parsed<char32_t> parse_octal(Cursor& cursor, std::size_t start, char32_t first) {
  char32_t value = first - '0';
  if (value != 0 && !at_octal_digit(cursor)) {
    return cursor.fail(start, "backreference " + quoted(cursor.since(start)) + " is not supported",
                       "RE2 syntax has no backreferences; a character code is `\\x31` or `\\061`");
  }
  for (int digits = 0; digits < 2 && at_octal_digit(cursor); ++digits) {
    value = value * 8 + (cursor.rest()[0] - '0');
    cursor.skip(1);
  }
  return value;
}

Parsed<char32_t> bad_hex(Cursor& cursor, std::size_t start) {
  return cursor.fail(start, "bad character code " + quoted(cursor.since(start)),
                     "write two hexadecimal digits, `\\x2F`, or any number in braces up to "
                     "`\\x{10FFFF}`");
}

// After `\x`.
Parsed<char32_t> parse_hex(Cursor& cursor, std::size_t start) {
  const bool braced = cursor.take("{");
  char32_t value = 0;
  int digits = 0;
  while (braced || digits < 2) {
    if (cursor.done()) return bad_hex(cursor, start);
    if (braced && digits > 0 && cursor.take("}")) break;
    const std::optional<char32_t> point = cursor.take_point();
    if (!point) return cursor.fail_utf8();
    const auto digit = hex_digit(*point);
    if (!digit) return bad_hex(cursor, start);
    value = value * 16 + *digit;
    if (value > kLastCodePoint) return bad_hex(cursor, start);
    ++digits;
  }
  return value;
}

CodePoints with_flags(CodePoints points, bool negated, bool fold) {
  if (fold) points.fold();
  if (negated) points.negate();
  return points;
}

// People write \p{greek}, \p{IsGreek} or \p{han}.
std::string unicode_class_help(std::string_view name) {
  if (name.starts_with("Is")) name.remove_prefix(2);
  const auto same_letter = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
  for (const std::string_view known : unicode_class_names()) {
    if (std::ranges::equal(name, known, same_letter)) {
      return "did you mean `\\p{" + std::string(known) + "}`?";
    }
  }
  return "known are general categories such as `\\pL` or `\\p{Lu}`, and scripts such as "
         "`\\p{Greek}`";
}

// \pL \p{Greek} \PL \p{^Lu}
Parsed<CodePoints> parse_unicode_class(Cursor& cursor, bool fold) {
  const std::size_t start = cursor.offset();
  bool negated = cursor.at("\\P");
  cursor.skip(2);
  const std::size_t name_start = cursor.offset();
  std::string_view name;
  if (cursor.take("{")) {
    const std::size_t length = cursor.rest().find('}');
    if (length == std::string_view::npos) return cursor.fail(start, "missing `}`");
    name = cursor.rest().substr(0, length);
    cursor.skip(length + 1);
  } else if (cursor.done()) {
    return cursor.fail(start, "the name of a Unicode class is missing",
                       "as in `\\pL`, `\\p{Greek}`");
  } else {
    if (!cursor.take_point()) return cursor.fail_utf8();
    name = cursor.since(name_start);
  }
  if (name.starts_with('^')) {
    negated = !negated;
    name.remove_prefix(1);
  }
  auto points = unicode_class(name);
  if (points) return with_flags(std::move(*points), negated, fold);
  return cursor.fail(start, "unknown Unicode class " + quoted(cursor.since(start)),
                     unicode_class_help(name));
}

// [:alpha:] or [:^alpha:] inside of a class; nothing where it does not end in `:]`.
Parsed<std::optional<CodePoints>> parse_posix_class(Cursor& cursor, bool fold) {
  const std::size_t start = cursor.offset();
  const std::size_t end = cursor.rest().find(":]", 2);
  if (!cursor.at("[:") || end == std::string_view::npos) return std::nullopt;
  std::string_view name = cursor.rest().substr(2, end - 2);
  cursor.skip(end + 2);
  const bool negated = name.starts_with('^');
  if (negated) name.remove_prefix(1);
  auto points = posix_class(name);
  if (points) return with_flags(std::move(*points), negated, fold);
  return cursor.fail(start, "unknown character class " + quoted(cursor.since(start)),
                     "known are alnum, alpha, ascii, blank, cntrl, digit, graph, lower, print, "
                     "punct, space, upper, word and xdigit");
}

Parsed<char32_t> parse_member(Cursor& cursor) {
  if (cursor.at("\\")) return parse_escape(cursor);
  const std::optional<char32_t> point = cursor.take_point();
  if (!point) return cursor.fail_utf8();
  return *point;
}

// a, a-z; a `-` before the `]` is itself.
Parsed<CodePoints> parse_range(Cursor& cursor, bool fold) {
  const std::size_t start = cursor.offset();
  const Parsed<char32_t> first = parse_member(cursor);
  if (!first) return std::unexpected(first.error());
  char32_t last = *first;
  if (cursor.at("-") && cursor.rest().size() >= 2 && !cursor.at("-]")) {
    cursor.skip(1);
    const Parsed<char32_t> end = parse_member(cursor);
    if (!end) return std::unexpected(end.error());
    last = *end;
  }
  if (last < *first) {
    return cursor.fail(start, "range " + quoted(cursor.since(start)) + " runs backwards");
  }
  CodePoints points;
  points.add(*first, last);
  return with_flags(std::move(points), false, fold);
}

Parsed<CodePoints> parse_bracket_item(Cursor& cursor, bool fold) {
  auto posix = parse_posix_class(cursor, fold);
  if (!posix) return std::unexpected(posix.error());
  if (*posix) return std::move(**posix);
  auto escaped = parse_class_escape(cursor, fold);
  if (!escaped) return std::unexpected(escaped.error());
  if (*escaped) return std::move(**escaped);
  return parse_range(cursor, fold);
}

}  // namespace

Parsed<char32_t> parse_escape(Cursor& cursor) {
  const std::size_t start = cursor.offset();
  if (auto refused = refuse_by_name(cursor)) return *std::move(refused);
  cursor.skip(1);
  if (cursor.done()) {
    return cursor.fail(start, "trailing `\\`", "to match the character itself, write `\\\\`");
  }
  const std::optional<char32_t> point = cursor.take_point();
  if (!point) return cursor.fail_utf8();
  switch (*point) {
    case 'a':
      return '\a';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    case 'x':
      return parse_hex(cursor, start);
    default:
      break;
  }
  if (*point >= '0' && *point <= '7') return parse_octal(cursor, start, *point);
  const bool letter = (*point >= 'a' && *point <= 'z') || (*point >= 'A' && *point <= 'Z');
  if (*point >= 0x80 || letter || *point == '8' || *point == '9') return bad_escape(cursor, start);
  return *point;
}

Parsed<std::optional<CodePoints>> parse_class_escape(Cursor& cursor, bool fold) {
  if (cursor.at("\\p") || cursor.at("\\P")) return parse_unicode_class(cursor, fold);
  if (!cursor.at("\\") || cursor.rest().size() < 2) return std::nullopt;
  const char letter = cursor.rest()[1];
  const bool negated = letter == 'D' || letter == 'S' || letter == 'W';
  auto points = perl_class(negated ? static_cast<char>(letter + ('a' - 'A')) : letter);
  if (!points) return std::nullopt;
  cursor.skip(2);
  return with_flags(std::move(*points), negated, fold);
}

Parsed<CodePoints> parse_bracket(Cursor& cursor, bool fold) {
  const std::size_t start = cursor.offset();
  cursor.take("[");
  const bool negated = cursor.take("^");
  CodePoints points;
  bool first = true;  // a `]` in first place is itself
  while (first || !cursor.take("]")) {
    if (cursor.done()) return cursor.fail(start, "missing `]`", "this `[` is never closed");
    const Parsed<CodePoints> item = parse_bracket_item(cursor, fold);
    if (!item) return std::unexpected(item.error());
    points.add(*item);
    first = false;
  }
  return with_flags(std::move(points), negated, false);
}

}  // namespace smic::automata
