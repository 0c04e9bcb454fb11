// SPDX-License-Identifier: Apache-2.0
// For people: the message, the source line, a caret under the text that is meant, help and notes.
//
//   shop.yaml:14:13: warning: backend `web-v3` of TrafficSplit `web` is not a Service, … [W06]
//      14 |   - service: web-v3
//         |              ^^^^^^
//      help: did you mean `web-v2`?
//
// Source lines are anybody's bytes. What is printed is never wider than kWidest columns (a window
// around the span, cut ends marked `…`), tabs become four columns, wide characters count two, and
// control characters and broken UTF-8 become U+FFFD, so that a manifest cannot drive the terminal.
#include <algorithm>

#include "base/utf8.h"
#include "compiler/diagnostics/render.h"

namespace smic {
namespace {

constexpr std::size_t kWidest = 100;  // columns of a source line that are shown
constexpr std::size_t kBefore = 60;   // of them, at most this many before the span, if it is cut
constexpr std::size_t kTabWidth = 4;

// One character as it is shown: where it came from, what is printed, how wide that is.
struct Cell {
  std::size_t offset;
  std::string text;
  std::size_t width;
};

char32_t code_point(std::string_view sequence) {
  constexpr unsigned char kFirstMask[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
  char32_t point = static_cast<unsigned char>(sequence[0]) & kFirstMask[sequence.size()];
  for (const char c : sequence.substr(1)) point = point << 6 | (static_cast<unsigned char>(c) & 63);
  return point;
}

// The large blocks only: a caret one column off under a rare script is no harm.
std::size_t width_of(char32_t c) {
  if ((c >= 0x300 && c <= 0x36F) || (c >= 0x200B && c <= 0x200F) || (c >= 0xFE00 && c <= 0xFE0F)) {
    return 0;
  }
  const bool wide = (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) ||
                    (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF) ||
                    (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
                    (c >= 0x1F300 && c <= 0x1FAFF) || (c >= 0x20000 && c <= 0x3FFFD);
  return wide ? 2 : 1;
}

Cell cell_at(std::string_view line, std::size_t offset) {
  const std::size_t length = utf8_length(line.substr(offset));
  if (line[offset] == '\t') return {offset, std::string(kTabWidth, ' '), kTabWidth};
  const std::string_view sequence = line.substr(offset, std::max<std::size_t>(length, 1));
  const char32_t point = length == 0 ? 0 : code_point(sequence);
  const bool shown = point >= 0x20 && !(point >= 0x7F && point < 0xA0) &&
                     !(point >= 0x202A && point <= 0x202E) && !(point >= 0x2066 && point <= 0x2069);
  if (!shown) return {offset, "\uFFFD", 1};
  return {offset, std::string(sequence), width_of(point)};
}

// The cells of at most kWidest columns that hold the span's begin. Only the window is looked at, so
// a line of ten megabytes costs no more than a short one.
struct Window {
  std::vector<Cell> cells;
  bool cut_before = false;
  bool cut_after = false;
};

Window window_around(std::string_view line, std::size_t begin) {
  Window window;
  std::size_t from = 0;
  if (begin > kBefore && line.size() > kWidest) {
    from = std::min(begin - kBefore, line.size() - kWidest);
    // Not into the middle of a character.
    while (from > 0 && (static_cast<unsigned char>(line[from]) & 0xC0) == 0x80 &&
           begin - from < kWidest) {
      --from;
    }
  }
  window.cut_before = from > 0;
  std::size_t width = 0;
  while (from < line.size()) {
    Cell cell = cell_at(line, from);
    if (width + cell.width > kWidest || window.cells.size() > 4 * kWidest) break;
    width += cell.width;
    from += std::max<std::size_t>(1, utf8_length(line.substr(from)));
    window.cells.push_back(std::move(cell));
  }
  window.cut_after = from < line.size();
  return window;
}

class Painter {
 public:
  Painter(const Sources& sources, bool colour) : sources_(sources), colour_(colour) {}

  void diagnostic(const Diagnostic& diagnostic) {
    const std::string_view word = word_for(diagnostic.severity);
    out_ += bold(place_of(sources_, diagnostic.span) + ":") + ' ' +
            tinted(diagnostic.severity, std::string(word) + ":") + ' ' +
            bold(printable(diagnostic.message)) + " [" + diagnostic.code + "]\n";
    snippet(diagnostic.span, diagnostic.severity);
    if (!diagnostic.help.empty()) out_ += "   help: " + printable(diagnostic.help) + '\n';
    for (const Note& note : diagnostic.notes) {
      out_ += place_of(sources_, note.span) + ": note: " + printable(note.message) + '\n';
      snippet(note.span, Severity::note);
    }
  }
  std::string take() { return std::move(out_); }

 private:
  void snippet(const Span& span, Severity severity) {
    if (span.line == 0 || span.column == 0 || span.source.value >= sources_.size()) return;
    const std::string_view line = sources_.line(span.source, span.line);
    const std::size_t begin = std::min<std::size_t>(span.column - 1, line.size());
    const std::size_t end = std::min<std::size_t>(begin + std::max(span.length, 1u), line.size());
    const Window window = window_around(line, begin);

    std::string shown = window.cut_before ? "…" : "";
    std::string padding = window.cut_before ? " " : "";
    std::string carets;
    for (const Cell& cell : window.cells) {
      shown += cell.text;
      if (cell.offset < begin) padding += std::string(cell.width, ' ');
      if (cell.offset >= begin && cell.offset < end) carets += std::string(cell.width, '^');
    }
    if (window.cut_after) shown += "…";
    if (carets.empty()) carets = "^";
    while (shown.ends_with(' ')) shown.pop_back();

    const std::string number = std::to_string(span.line);
    const std::string gutter(std::max<std::size_t>(number.size(), 5), ' ');
    out_ += std::string(gutter.size() - number.size(), ' ') + number + " | " + shown + '\n' +
            gutter + " | " + padding + tinted(severity, carets) + '\n';
  }

  std::string bold(std::string text) const {
    return colour_ ? "\x1b[1m" + std::move(text) + "\x1b[0m" : text;
  }
  std::string tinted(Severity severity, std::string text) const {
    if (!colour_) return text;
    const char* tint = severity == Severity::error     ? "\x1b[1;31m"
                       : severity == Severity::warning ? "\x1b[1;33m"
                                                       : "\x1b[1;36m";
    return tint + std::move(text) + "\x1b[0m";
  }

  const Sources& sources_;
  bool colour_;
  std::string out_;
};

}  // namespace

std::string render_human(const Diagnostics& diagnostics, bool colour) {
  Painter painter(diagnostics.sources(), colour);
  for (const Diagnostic& diagnostic : diagnostics.sorted()) painter.diagnostic(diagnostic);
  return painter.take();
}

}  // namespace smic
