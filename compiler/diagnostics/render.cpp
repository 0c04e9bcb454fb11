// SPDX-License-Identifier: Apache-2.0
#include "compiler/diagnostics/render.h"

#include <cstdio>

#include "base/check.h"
#include "base/utf8.h"

namespace smic {
namespace {

bool is_control(char c) {
  const unsigned char byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F;
}

std::string escaped(char c) {
  if (c == '\n') return "\\n";
  if (c == '\t') return "\\t";
  if (c == '\r') return "\\r";
  char text[8];
  std::snprintf(text, sizeof text, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
  return text;
}

std::string render_plain(const Diagnostics& diagnostics) {
  std::string out;
  for (const Diagnostic& diagnostic : diagnostics.sorted()) {
    out += place_of(diagnostics.sources(), diagnostic.span) + ": " +
           std::string(word_for(diagnostic.severity)) + ": " + printable(diagnostic.message) +
           " [" + diagnostic.code + "]\n";
  }
  return out;
}

}  // namespace

std::string_view word_for(Severity severity) {
  switch (severity) {
    case Severity::note:
      return "note";
    case Severity::warning:
      return "warning";
    case Severity::error:
      return "error";
  }
  SMIC_CHECK(false, "severity out of range");
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    // U+0080 to U+009F are control characters too, two bytes each.
    const bool c1 = length == 2 && text[0] == '\xC2' && static_cast<unsigned char>(text[1]) < 0xA0;
    if (length == 0 || c1) {
      out += "\uFFFD";
    } else if (is_control(text[0])) {
      out += escaped(text[0]);
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

std::string place_of(const Sources& sources, const Span& span) {
  if (span.source.value >= sources.size()) return "smic";
  std::string place = printable(sources.name(span.source));
  if (span.line == 0) return place;
  return place + ':' + std::to_string(span.line) + ':' + std::to_string(span.column);
}

std::string render(const Diagnostics& diagnostics, DiagnosticsFormat format, bool colour) {
  switch (format) {
    case DiagnosticsFormat::human:
      return render_human(diagnostics, colour);
    case DiagnosticsFormat::plain:
      return render_plain(diagnostics);
    case DiagnosticsFormat::json:
      return render_json(diagnostics);
    case DiagnosticsFormat::sarif:
      return render_sarif(diagnostics);
  }
  SMIC_CHECK(false, "format out of range");
}

}  // namespace smic
