// SPDX-License-Identifier: Apache-2.0
// SARIF 2.1.0: the same list in the words of code-scanning services. Rules come from the one list
// of codes; columns are counted in code points there, and paths are URIs.
#include <cstdio>
#include <set>

#include "base/log.h"
#include "base/utf8.h"
#include "compiler/diagnostics/codes.h"
#include "compiler/diagnostics/render.h"

namespace smic {
namespace {

std::string quoted(std::string_view text) { return '"' + json_escape(text) + '"'; }

std::string uri_of(std::string_view path) {
  std::string uri;
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("/-._~").contains(c);
    if (plain) {
      uri += c;
    } else {
      char escaped[4];
      std::snprintf(escaped, sizeof escaped, "%%%02X",
                    static_cast<unsigned>(static_cast<unsigned char>(c)));
      uri += escaped;
    }
  }
  return uri;
}

// 1-based, as `column` is, but in code points.
std::size_t code_point_column(std::string_view line, std::size_t column) {
  std::size_t points = 1;
  for (std::size_t at = 0; at + 1 < column; ++points) {
    at += std::max<std::size_t>(1, at < line.size() ? utf8_length(line.substr(at)) : 1);
  }
  return points;
}

std::string region_of(const Sources& sources, const Span& span) {
  if (span.line == 0) return {};
  const std::string_view line = sources.line(span.source, span.line);
  return ", \"region\": {\"startLine\": " + std::to_string(span.line) +
         ", \"startColumn\": " + std::to_string(code_point_column(line, span.column)) +
         ", \"endColumn\": " + std::to_string(code_point_column(line, span.column + span.length)) +
         '}';
}

std::string place(const Sources& sources, const Span& span) {
  const std::string file =
      span.source.value < sources.size() ? sources.name(span.source) : std::string();
  return "{\"physicalLocation\": {\"artifactLocation\": {\"uri\": " + quoted(uri_of(file)) + '}' +
         region_of(sources, span) + '}';
}

std::string related_of(const Sources& sources, const std::vector<Note>& notes) {
  std::string related;
  for (const Note& note : notes) {
    related += (related.empty() ? "" : ", ") + place(sources, note.span) +
               ", \"message\": {\"text\": " + quoted(note.message) + "}}";
  }
  return related.empty() ? "" : ", \"relatedLocations\": [" + related + ']';
}

std::string result_of(const Sources& sources, const Diagnostic& diagnostic) {
  std::string message = diagnostic.message;
  if (!diagnostic.help.empty()) message += "; " + diagnostic.help;
  return "{\"ruleId\": " + quoted(diagnostic.code) +
         ", \"level\": " + quoted(word_for(diagnostic.severity)) +
         ", \"message\": {\"text\": " + quoted(message) + "}, \"locations\": [" +
         place(sources, diagnostic.span) + "}]" + related_of(sources, diagnostic.notes) + '}';
}

std::string rules_of(const std::vector<Diagnostic>& diagnostics) {
  std::set<std::string> used;
  for (const Diagnostic& diagnostic : diagnostics) used.insert(diagnostic.code);
  std::string rules;
  for (const std::string& code : used) {
    if (!rules.empty()) rules += ", ";
    rules += "{\"id\": " + quoted(code) +
             ", \"shortDescription\": {\"text\": " + quoted(meaning_of(code)) + "}}";
  }
  return rules;
}

}  // namespace

std::string render_sarif(const Diagnostics& diagnostics) {
  const std::vector<Diagnostic> sorted = diagnostics.sorted();
  std::string results;
  for (const Diagnostic& diagnostic : sorted) {
    if (!results.empty()) results += ',';
    results += "\n    " + result_of(diagnostics.sources(), diagnostic);
  }
  return "{\"$schema\": \"https://json.schemastore.org/sarif-2.1.0.json\", \"version\": \"2.1.0\","
         "\n \"runs\": [{\"tool\": {\"driver\": {\"name\": \"smic\", \"rules\": [" +
         rules_of(sorted) + "]}},\n  \"columnKind\": \"unicodeCodePoints\",\n  \"results\": [" +
         results + "]}]}\n";
}

}  // namespace smic
