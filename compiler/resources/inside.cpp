// SPDX-License-Identifier: Apache-2.0
// Walks a quoted text as written beside its value, one character of the value at a time, until it
// is at the byte that is asked for: `\\` in double quotes is two bytes for one, `''` in single
// quotes too, and an escape like `\u00fc` six for two.
#include <algorithm>

#include "base/utf8.h"
#include "compiler/resources/escapes.h"
#include "compiler/resources/resources.h"

namespace smic::resources {
namespace {

std::size_t utf8_size(std::uint32_t point) {
  return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
}

struct Step {
  std::size_t written = 0;  // bytes of the source
  std::size_t value = 0;    // bytes of the value
};

Step escape(std::string_view written) {
  const char letter = written.size() > 1 ? written[1] : '\0';
  const std::size_t digits = letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
  if (digits == 0) {
    // Of the escapes of one letter only these are not one byte: U+0085, U+00A0, U+2028, U+2029.
    const bool two = letter == 'N' || letter == '_', three = letter == 'L' || letter == 'P';
    return {2, two ? 2u : three ? 3u : 1u};
  }
  const std::uint32_t point = hexadecimal(written.substr(2), digits).value_or(0);
  const bool pair = point >= 0xD800 && point < 0xDC00 && written.substr(6).starts_with("\\u");
  return pair ? Step{12, 4} : Step{2 + digits, utf8_size(point)};
}

Step step(std::string_view written, char quote) {
  if (quote == '"' && written[0] == '\\') return escape(written);
  if (quote == '\'' && written.starts_with("''")) return {2, 1};
  const std::size_t length = std::max<std::size_t>(1, utf8_length(written));
  return {length, length};
}

// Walks until `bytes` of the value are passed, or to the end.
Step walk(std::string_view written, char quote, std::size_t bytes) {
  Step passed{};
  while (passed.value < bytes && passed.written < written.size()) {
    const Step next = step(written.substr(passed.written), quote);
    passed.written += next.written;
    passed.value += next.value;
  }
  return passed;
}

}  // namespace

Span inside(const Sources& sources, const Text& text, std::size_t offset, std::size_t length) {
  const Span& whole = text.span;
  const std::string_view line = sources.line(whole.source, whole.line);
  if (whole.column == 0 || whole.column - 1 + whole.length > line.size()) return whole;
  const std::string_view written = line.substr(whole.column - 1, whole.length);
  const char before = whole.column > 1 ? line[whole.column - 2] : '\0';
  const bool quoted = written != text.value && (before == '"' || before == '\'');
  const char quote = quoted ? before : '\0';
  const Step all = walk(written, quote, text.value.size());
  if (all.written != written.size() || all.value != text.value.size()) return whole;
  const std::size_t first = walk(written, quote, offset).written;
  const std::size_t last = walk(written, quote, offset + length).written;
  Span span = whole;
  span.column += static_cast<std::uint32_t>(first);
  span.length = static_cast<std::uint32_t>(std::max<std::size_t>(1, last - first));
  return span;
}

}  // namespace smic::resources
