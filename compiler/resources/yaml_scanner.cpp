// SPDX-License-Identifier: Apache-2.0
#include "compiler/resources/yaml_scanner.h"

#include <algorithm>

#include "compiler/resources/escapes.h"

namespace smic::resources {
namespace {

constexpr std::string_view kFlowIndicators = ",[]{}";

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// The lines of a block scalar as they become one text. Line ends are held back until it is known
// whether they fold: between two lines that do not begin with a blank, one line end becomes a blank
// and of several the first one goes.
class BlockText {
 public:
  explicit BlockText(bool literal) : literal_(literal) {}

  void add_line(std::string_view line, bool has_end) {
    const bool indented = is_blank(line[0]);
    const bool folds = !literal_ && !line_end_.empty() && !after_indented_ && !indented;
    if (!folds) text_ += line_end_;
    if (folds && empty_lines_.empty()) text_ += ' ';
    text_ += empty_lines_;
    text_ += line;
    empty_lines_.clear();
    line_end_ = has_end ? "\n" : "";
    after_indented_ = indented;
  }
  void add_empty_line() { empty_lines_ += '\n'; }

  std::string take(char chomp) {
    if (chomp != '-') text_ += line_end_;
    if (chomp == '+') text_ += empty_lines_;
    return std::move(text_);
  }

 private:
  bool literal_;
  std::string text_;
  std::string_view line_end_;  // of the last line
  std::string empty_lines_;    // after it
  bool after_indented_ = false;
};

}  // namespace

void YamlScanner::fail(const Span& span, std::string message, std::string help) {
  if (help.empty() && text_.contains("{{")) {
    help = "is this a Helm template? `helm template` turns it into YAML";
  }
  builder_.fail("E50", span, "this cannot be read as YAML: " + std::move(message), std::move(help));
}

Span YamlScanner::span(const Cursor& from, std::size_t length) const {
  return {source_, from.line, static_cast<std::uint32_t>(from.at - from.line_start + 1),
          static_cast<std::uint32_t>(length)};
}

// ---- blanks, lines and comments --------------------------------------------------------------

bool YamlScanner::line_ends_at(std::size_t at) const {
  if (at >= text_.size() || text_[at] == '\n') return true;
  return text_[at] == '\r' && (at + 1 == text_.size() || text_[at + 1] == '\n');
}

bool YamlScanner::at_indicator(char c, Context context) const {
  if (peek() != c || at_end()) return false;
  const std::size_t next = cursor_.at + 1;
  if (line_ends_at(next) || is_blank(text_[next])) return true;
  return context == Context::flow && kFlowIndicators.contains(text_[next]);
}

bool YamlScanner::at_line_end() const {
  if (line_ends_at(cursor_.at)) return true;
  return peek() == '#' && (column() == 0 || is_blank(text_[cursor_.at - 1]));
}

bool YamlScanner::at_marker() const {
  const std::size_t behind = cursor_.at + 3;
  return text_.substr(cursor_.at).starts_with("---") &&
         (line_ends_at(behind) || is_blank(text_[behind]));
}

void YamlScanner::skip_blanks() {
  while (is_blank(peek())) advance();
}

void YamlScanner::next_line() {
  const std::size_t newline = text_.find('\n', cursor_.at);
  cursor_.at = newline == text_.npos ? text_.size() : newline + 1;
  if (newline == text_.npos) return;
  ++cursor_.line;
  cursor_.line_start = cursor_.at;
}

void YamlScanner::skip_lines(Context context) {
  skip_blanks();
  while (!at_end() && at_line_end()) {
    next_line();
    while (peek() == ' ') advance();
    const Span tab = here();
    const bool tabs = peek() == '\t';
    skip_blanks();
    if (tabs && context == Context::block && !at_line_end()) {
      return fail(tab, "a tab indents this line", "YAML is indented with spaces, not tabs");
    }
  }
}

// ---- plain scalars ---------------------------------------------------------------------------

std::string_view YamlScanner::plain_line(Context context) {
  const std::size_t begin = cursor_.at;
  std::size_t end = begin;  // without the blanks behind
  for (; !line_ends_at(cursor_.at); advance()) {
    const char c = peek();
    if (is_blank(c)) continue;
    if (c == ':' && at_indicator(':', context)) break;
    if (c == '#' && cursor_.at > begin && is_blank(text_[cursor_.at - 1])) break;
    if (context == Context::flow && kFlowIndicators.contains(c)) break;
    end = cursor_.at + 1;
  }
  return text_.substr(begin, end - begin);
}

// Does the scalar go on below? If so the cursor is there, with `breaks` empty lines passed.
bool YamlScanner::plain_goes_on(Context context, int parent, std::size_t& breaks) {
  if (!line_ends_at(cursor_.at)) return false;
  const Cursor before = cursor_;
  const std::uint32_t line = cursor_.line;
  do {
    next_line();
    skip_blanks();
  } while (!at_end() && line_ends_at(cursor_.at));
  breaks = cursor_.line - line - 1;
  const bool ended = at_end() || peek() == '#' ||
                     (context == Context::block
                          ? column() <= parent
                          : kFlowIndicators.contains(peek()) || at_indicator(':', Context::flow));
  if (ended) cursor_ = before;
  return !ended;
}

Scalar YamlScanner::plain(Context context, int parent) {
  Scalar scalar;
  const Cursor begin = cursor_;
  scalar.verbatim = plain_line(context);
  scalar.span = span(begin, scalar.verbatim.size());
  for (std::size_t breaks = 0; plain_goes_on(context, parent, breaks);) {
    if (!scalar.decoded) scalar.decoded = scalar.verbatim;
    *scalar.decoded += breaks == 0 ? std::string(" ") : std::string(breaks, '\n');
    *scalar.decoded += plain_line(context);
  }
  return scalar;
}

std::string_view YamlScanner::word() {
  const std::size_t begin = cursor_.at;
  if (peek() == '!' && peek(1) == '<') {  // a tag in full, which may hold anything
    while (!line_ends_at(cursor_.at) && peek() != '>') advance();
  }
  while (!line_ends_at(cursor_.at) && !is_blank(peek()) && !kFlowIndicators.contains(peek())) {
    advance();
  }
  return text_.substr(begin, cursor_.at - begin);
}

// ---- quoted scalars --------------------------------------------------------------------------

// A line end within quotes: blanks around it go, it becomes a blank itself, or as many line ends as
// there are empty lines. What was escaped stays.
void YamlScanner::fold(std::string& decoded, std::size_t unescaped) {
  while (decoded.size() > unescaped && is_blank(decoded.back())) decoded.pop_back();
  const std::uint32_t line = cursor_.line;
  do {
    next_line();
    skip_blanks();
  } while (!at_end() && line_ends_at(cursor_.at));
  const std::size_t breaks = cursor_.line - line;
  decoded += breaks <= 1 ? std::string(" ") : std::string(breaks - 1, '\n');
}

// At a backslash. False if there is no such escape.
bool YamlScanner::double_escape(std::string& decoded) {
  static constexpr std::string_view kLetters = "0abt\tnvfre \"/\\";
  static constexpr std::string_view kMeanings("\0\a\b\t\t\n\v\f\r\x1b \"/\\", 14);
  const char letter = peek(1);
  if (cursor_.at + 1 < text_.size()) {
    if (const std::size_t known = kLetters.find(letter); known != kLetters.npos) {
      decoded += kMeanings[known];
      advance(2);
      return true;
    }
  }
  if (line_ends_at(cursor_.at + 1)) {  // the line goes on below
    next_line();
    skip_blanks();
    return true;
  }
  const std::string_view rest = text_.substr(cursor_.at);
  if (letter == 'u') {
    const std::size_t taken = append_unicode_escape(rest, decoded);
    advance(taken);
    return taken > 0;
  }
  const std::uint32_t named = letter == 'N'   ? 0x85
                              : letter == '_' ? 0xA0
                              : letter == 'L' ? 0x2028
                              : letter == 'P' ? 0x2029
                                              : 0;
  const std::size_t digits = letter == 'x' ? 2 : letter == 'U' ? 8 : 0;
  const auto point = digits > 0  ? hexadecimal(rest.substr(2), digits)
                     : named > 0 ? std::optional(named)
                                 : std::nullopt;
  if (!point || *point > 0x10FFFF || (*point >= 0xD800 && *point < 0xE000)) return false;
  append_utf8(decoded, *point);
  advance(2 + digits);
  return true;
}

Scalar YamlScanner::quoted() {
  Scalar scalar{.quoted = true};
  const Cursor begin = cursor_;
  const char quote = peek();
  advance();
  const Cursor first = cursor_;
  std::string decoded;
  std::size_t copied = first.at;  // up to here the text is in `decoded`
  std::size_t unescaped = 0;      // of `decoded`, what may not be trimmed
  std::size_t first_line_end = text_.npos;
  const auto copy = [&] { decoded += text_.substr(copied, cursor_.at - copied); };
  const std::string_view special = quote == '"' ? "\"\\\n" : "'\n";
  for (;;) {
    cursor_.at = std::min(text_.find_first_of(special, cursor_.at), text_.size());
    if (at_end()) {
      fail(span(begin, 1), "this text has no closing quote");
      return scalar;
    }
    const bool doubled = quote == '\'' && peek() == quote && peek(1) == quote;
    if (peek() == quote && !doubled) break;
    if (peek() == '\n' && cursor_.at > copied && text_[cursor_.at - 1] == '\r') --cursor_.at;
    copy();
    if (doubled) {
      decoded += quote;
      advance(2);
    } else if (peek() == '\\') {
      const Span escape = span(cursor_, 2);
      if (line_ends_at(cursor_.at + 1)) first_line_end = std::min(first_line_end, cursor_.at + 1);
      if (!double_escape(decoded)) {
        fail(escape, "there is no such escape", "write `\\\\` for a backslash");
        return scalar;
      }
      unescaped = decoded.size();
    } else {
      first_line_end = std::min(first_line_end, cursor_.at);
      fold(decoded, unescaped);
    }
    copied = cursor_.at;
  }
  if (copied == first.at) {
    scalar.verbatim = text_.substr(first.at, cursor_.at - first.at);
  } else {
    copy();
    scalar.decoded = std::move(decoded);
  }
  const std::size_t length = std::min(first_line_end, cursor_.at) - first.at;
  // An empty text is pointed at by its quotes.
  scalar.span = length == 0 ? span(begin, 2) : span(first, length);
  advance();
  return scalar;
}

// ---- block scalars ---------------------------------------------------------------------------

// The column of the first line that holds something, if it is indented further than the parent.
int YamlScanner::detect_indent(int parent) const {
  for (std::size_t at = cursor_.at; at < text_.size();) {
    const std::size_t first = std::min(text_.find_first_not_of(' ', at), text_.size());
    if (!line_ends_at(first)) return std::max(static_cast<int>(first - at), parent + 1);
    const std::size_t newline = text_.find('\n', first);
    if (newline == text_.npos) break;
    at = newline + 1;
  }
  return parent + 1;
}

// What stands behind `|` or `>`: a digit for the indentation, `+` or `-` for the line ends at the
// end.
bool YamlScanner::block_header(int parent, BlockStyle& style) {
  style.literal = peek() == '|';
  for (advance(); !at_line_end() && !is_blank(peek()); advance()) {
    const char c = peek();
    if (c == '+' || c == '-') {
      style.chomp = c;
    } else if (c >= '1' && c <= '9' && style.indent < 0) {
      style.indent = std::max(parent, 0) + (c - '0');
    } else {
      fail(here(), "`|` and `>` can be followed by a digit, `+` or `-` only");
      return false;
    }
  }
  skip_blanks();
  if (at_line_end()) return true;
  fail(here(), "the text of `|` and `>` begins on the next line");
  return false;
}

Scalar YamlScanner::block(int parent) {
  Scalar scalar{.span = here(), .quoted = true};
  BlockStyle style;
  if (!block_header(parent, style)) return scalar;
  next_line();
  if (style.indent < 0) style.indent = detect_indent(parent);

  BlockText block(style.literal);
  while (!at_end()) {
    const std::size_t limit = cursor_.at + static_cast<std::size_t>(style.indent);
    std::size_t first = cursor_.at;
    while (first < limit && first < text_.size() && text_[first] == ' ') ++first;
    const std::size_t newline = std::min(text_.find('\n', first), text_.size());
    if (line_ends_at(first)) {
      if (newline < text_.size()) block.add_empty_line();
    } else if (first < limit) {
      break;  // indented less: it is over
    } else {
      const std::size_t end = newline > first && text_[newline - 1] == '\r' ? newline - 1 : newline;
      block.add_line(text_.substr(first, end - first), newline < text_.size());
    }
    next_line();
  }
  scalar.decoded = block.take(style.chomp);
  // Here the next line begins; whoever reads on expects to stand behind its indentation.
  while (peek() == ' ') advance();
  return scalar;
}

}  // namespace smic::resources
