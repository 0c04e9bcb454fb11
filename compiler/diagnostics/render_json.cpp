// SPDX-License-Identifier: Apache-2.0
// For machines. The JSON document is a contract: one object with the list `diagnostics`, each entry
// with the seven fields, whatever they hold; always valid JSON, whatever bytes the input had. Notes
// become entries of their own, since the contract has no place inside an entry for them.
#include "base/log.h"
#include "compiler/diagnostics/render.h"

namespace smic {
namespace {

std::string quoted(std::string_view text) { return '"' + json_escape(text) + '"'; }

std::string file_of(const Sources& sources, const Span& span) {
  return span.source.value < sources.size() ? sources.name(span.source) : std::string();
}

class Entries {
 public:
  explicit Entries(const Sources& sources) : sources_(sources) {}

  void add(Severity severity, std::string_view code, const Span& span, std::string_view message,
           std::string_view help) {
    if (!text_.empty()) text_ += ',';
    text_ += "\n  {\"severity\": " + quoted(word_for(severity)) + ", \"code\": " + quoted(code) +
             ", \"file\": " + quoted(file_of(sources_, span)) +
             ", \"line\": " + std::to_string(span.line) +
             ", \"column\": " + std::to_string(span.column) + ", \"message\": " + quoted(message) +
             ", \"help\": " + quoted(help) + '}';
  }
  const std::string& text() const { return text_; }

 private:
  const Sources& sources_;
  std::string text_;
};

}  // namespace

std::string render_json(const Diagnostics& diagnostics) {
  Entries entries(diagnostics.sources());
  for (const Diagnostic& each : diagnostics.sorted()) {
    entries.add(each.severity, each.code, each.span, each.message, each.help);
    for (const Note& note : each.notes) {
      entries.add(Severity::note, each.code, note.span, note.message, {});
    }
  }
  if (entries.text().empty()) return "{\"diagnostics\": []}\n";
  return "{\"diagnostics\": [" + entries.text() + "\n]}\n";
}

}  // namespace smic
