// SPDX-License-Identifier: Apache-2.0
#include "compiler/resources/documents.h"

#include <algorithm>
#include <string>

#include "base/utf8.h"
#include "compiler/resources/limits.h"

namespace smic::resources {
namespace {

// Is this line the marker (`---` or `...`), alone or with something behind a blank?
bool is_marker(std::string_view line, std::string_view marker) {
  if (!line.starts_with(marker)) return false;
  return line.size() == marker.size() || std::string_view(" \t\r").contains(line[marker.size()]);
}

bool has_content(std::string_view line) {
  if (is_marker(line, "---")) line.remove_prefix(3);
  const std::size_t first = line.find_first_not_of(" \t\r");
  const bool directive = line.starts_with("%YAML") || line.starts_with("%TAG");
  return first != line.npos && line[first] != '#' && !directive;
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
}

Failure bad_byte(const Span& span, std::string_view rest) {
  if (is_control(rest[0])) {
    static constexpr char kHex[] = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(rest[0]);
    const std::string name{'0', 'x', kHex[byte >> 4], kHex[byte & 15]};
    return {"E50", span, "the control character " + name + " cannot stand in YAML or JSON",
            byte == 0 ? "is this a text file, in UTF-8?" : ""};
  }
  const bool utf16 = rest.starts_with("\xFF\xFE") || rest.starts_with("\xFE\xFF");
  return {"E50", span, "this is not UTF-8 text",
          utf16 ? "the file is UTF-16; save it as UTF-8" : ""};
}

}  // namespace

std::vector<Document> split_documents(const Sources& sources, SourceId source) {
  const std::string_view text = sources.text(source);
  std::vector<Document> documents;
  std::size_t begin = 0;
  std::uint32_t first_line = 1;
  bool content = false;
  const auto finish = [&](std::size_t end) {
    if (content) documents.push_back({source, text.substr(begin, end - begin), first_line});
    content = false;
  };
  std::uint32_t number = 1;
  for (std::size_t at = 0; at < text.size(); ++number) {
    const std::size_t newline = text.find('\n', at);
    const std::size_t next = newline == text.npos ? text.size() : newline + 1;
    const std::string_view line = text.substr(at, std::min(newline, text.size()) - at);
    if (is_marker(line, "...")) {
      finish(at);
      begin = next;
      first_line = number + 1;
    } else {
      if (is_marker(line, "---")) {
        finish(at);
        begin = at;
        first_line = number;
      }
      content = content || has_content(line);
    }
    at = next;
  }
  finish(text.size());
  return documents;
}

std::optional<Failure> check_text(const Document& document) {
  Span span{document.source, document.first_line, 1, 1};
  if (document.text.size() > limits::kDocumentBytes) {
    return Failure{
        "E51", span,
        "this document has more than " + std::to_string(limits::kDocumentBytes >> 20) + " MiB",
        "split it with `---` lines"};
  }
  std::size_t line_start = 0;
  for (std::size_t at = 0; at < document.text.size();) {
    const char c = document.text[at];
    const std::size_t length =
        static_cast<unsigned char>(c) < 0x80 ? 1 : utf8_length(document.text.substr(at));
    if (length == 0 || is_control(c)) {
      span.column = static_cast<std::uint32_t>(at - line_start + 1);
      return bad_byte(span, document.text.substr(at));
    }
    at += length;
    if (c == '\n') {
      ++span.line;
      line_start = at;
    }
  }
  return std::nullopt;
}

}  // namespace smic::resources
