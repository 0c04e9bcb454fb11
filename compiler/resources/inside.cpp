// SPDX-License-Identifier: Apache-2.0
// Walks a quoted text as written beside its value, one character of the value at a time, until it
// is at the byte that is asked for: `\\` in double quotes is two bytes for one, `''` in single
// quotes too, and an escape like `\u00fc` six for two.
#include <algorithm>

#include "base/utf8.h"
#include "compiler/resources/resources.h"

namespace smic::resources {
namespace {

std::size_t utf8_size(std::uint32_t point) {
  return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
}

struct Step {
  std::size_t written;  // bytes of the source
  std::size_t value;    // bytes of the value
};

std::uint32_t hexadecimal(std::string_view digits) {
  std::uint32_t value = 0;
  for (const char c : digits) {
    const std::size_t digit = std::string_view("0123456789abcdefABCDEF").find(c);
    if (digit == std::string_view::npos) break;
    value = value * 16 + static_cast<std::uint32_t>(digit < 16 ? digit : digit - 6);
  }
  return value;
}

Step escape(std::string_view written) {
  const char letter = written.size() > 1 ? written[1] : '\0';
  const std::size_t digits = letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
  if (digits == 0) {
    // Of the escapes of one letter only these are not one byte: U+0085, U+00A0, U+2028, U+2029.
    const bool two = letter == 'N' || letter == '_', three = letter == 'L' || letter == 'P';
    return {2, two ? 2u : three ? 3u : 1u};
  }
  const std::uint32_t point = hexadecimal(written.substr(2, digits));
  const bool pair = point >= 0xD800 && point < 0xDC00 && written.substr(6).starts_with("\\u");
  return pair ? Step{12, 4} : Step{2 + digits, utf8_size(point)};
}

Step step(std::string_view written, char quote) {
  if (quote == '"' && written[0] == '\\') return escape(written);
  if (quote == '\'' && written.starts_with("''")) return {2, 1};
  const std::size_t length = std::max<std::size_t>(1, utf8_length(written));
  return {length, length};
}

// How many bytes of `written` make the first `bytes` of the value.
std::size_t written_size(std::string_view written, char quote, std::size_t bytes) {
  std::size_t at = 0;
  for (std::size_t value = 0; value < bytes && at < written.size();) {
    const Step next = step(written.substr(at), quote);
    at += next.written;
    value += next.value;
  }
  return std::min(at, written.size());
}

}  // namespace

Span inside(const Sources& sources, const Text& text, std::size_t offset, std::size_t length) {
  const Span& whole = text.span;
  const std::string_view line = sources.line(whole.source, whole.line);
  if (whole.column == 0 || whole.column - 1 + whole.length > line.size()) return whole;
  const std::string_view written = line.substr(whole.column - 1, whole.length);
  const char before = whole.column > 1 ? line[whole.column - 2] : '\0';
  const char quote = written != text.value && (before == '"' || before == '\'') ? before : '\0';
  if (quote == '\0' && written != text.value) return whole;
  const std::size_t first = written_size(written, quote, offset);
  const std::size_t last = written_size(written, quote, offset + length);
  Span span = whole;
  span.column += static_cast<std::uint32_t>(first);
  span.length = static_cast<std::uint32_t>(std::max<std::size_t>(1, last - first));
  return span;
}

}  // namespace smic::resources
