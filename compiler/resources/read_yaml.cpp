// SPDX-License-Identifier: Apache-2.0
// yaml-cpp's door: its events become the builder's. No type or exception of it leaves this file.
//
// yaml-cpp tells where a value begins (at its anchor or tag, if it has one) but not where it ends,
// and hands over scalars decoded. The span of a scalar is found again in the text: what is between
// the quotes, or as many bytes as a plain scalar has; a block scalar is pointed at by its `|` or
// `>`. Marks count bytes, and check_text() has let only UTF-8 pass.
//
// What the builder refuses (depth, size) stops the parser by an exception of our own, at 200 levels
// where yaml-cpp itself would stop at 500. Tested by read_yaml_test.cpp and fuzz_resources.cpp.
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <sstream>
#include <string>

#include "compiler/resources/documents.h"
#include "compiler/resources/limits.h"

namespace smic::resources {
namespace {

constexpr std::string_view kStringTag = "tag:yaml.org,2002:str";

struct Stop {};  // the builder has failed

class Events : public YAML::EventHandler {
 public:
  Events(const Document& document, TreeBuilder& builder)
      : document_(document), builder_(builder), line_starts_{0} {
    const std::string_view text = document.text;
    for (std::size_t at = text.find('\n'); at != text.npos; at = text.find('\n', at + 1)) {
      line_starts_.push_back(at + 1);
    }
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      builder_.fail("E50", span_at(offset_of(mark), 1),
                    "this does not belong to the value before it",
                    "is it indented like the lines above?");
    }
    stop_if_failed();
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const std::size_t at = skip_properties(offset_of(mark));
    const std::string_view rest = document_.text.substr(at);
    const bool tilde = rest.starts_with('~');
    const bool word =
        rest.starts_with("null") || rest.starts_with("Null") || rest.starts_with("NULL");
    builder_.null(span_at(at, tilde ? 1 : word ? 4 : 1), tilde || word);
    anchored(anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const std::size_t at = offset_of(mark);
    builder_.alias(span_at(at, token_length(at)), anchor);
    stop_if_failed();
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    scalar(skip_properties(offset_of(mark)), tag, value);
    anchored(anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    builder_.begin_sequence(span_at(skip_properties(offset_of(mark)), 1));
    anchored(anchor);
  }
  void OnSequenceEnd() override { end(); }

  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    builder_.begin_mapping(span_at(skip_properties(offset_of(mark)), 1));
    anchored(anchor);
  }
  void OnMapEnd() override { end(); }

  void unreadable(const YAML::Exception& exception) {
    const std::size_t at = offset_of(exception.mark);
    builder_.fail("E50", span_at(at, 1), "this cannot be read as YAML: " + exception.msg,
                  help_for(line_of(at)));
  }

 private:
  std::size_t offset_of(const YAML::Mark& mark) const {
    const std::size_t at = mark.pos < 0 ? 0 : static_cast<std::size_t>(mark.pos);
    return std::min(at, document_.text.size());
  }

  Span span_at(std::size_t at, std::size_t length) const {
    const auto after = std::ranges::upper_bound(line_starts_, at);
    const auto line = static_cast<std::uint32_t>(after - line_starts_.begin() - 1);
    return {document_.source, document_.first_line + line,
            static_cast<std::uint32_t>(at - line_starts_[line] + 1),
            static_cast<std::uint32_t>(length)};
  }

  std::string_view line_of(std::size_t at) const {
    const std::size_t begin = *(std::ranges::upper_bound(line_starts_, at) - 1);
    return document_.text.substr(begin, document_.text.find('\n', begin) - begin);
  }

  // What people most often do to make a document unreadable.
  std::string help_for(std::string_view line) const {
    const std::size_t first = line.find_first_not_of(' ');
    if (first != line.npos && line[first] == '\t') return "YAML is indented with spaces, not tabs";
    if (!document_.text.contains("{{")) return {};
    return "is this a Helm template? `helm template` turns it into YAML";
  }

  std::size_t token_length(std::size_t at) const {
    const std::size_t end = document_.text.find_first_of(" \t\r\n,[]{}", at);
    return std::min(end, document_.text.size()) - at;
  }

  // A value's anchor and tag stand before it and are not it.
  std::size_t skip_properties(std::size_t at) const {
    const std::string_view text = document_.text;
    while (at < text.size() && (text[at] == '&' || text[at] == '!')) {
      const std::size_t next = text.find_first_not_of(" \t", at + token_length(at));
      if (next >= text.size() || text[next] == '\r' || text[next] == '\n') break;
      if (next == at) break;
      at = next;
    }
    return at;
  }

  void scalar(std::size_t at, const std::string& tag, const std::string& value) {
    const std::string_view rest = document_.text.substr(at);
    if (tag == "?" && rest.starts_with(value)) {
      builder_.scalar(span_at(at, value.size()), rest.substr(0, value.size()), false);
      return;
    }
    const bool text = tag == "!" || tag == kStringTag;
    const char first = rest.empty() ? '\0' : rest[0];
    if (first == '"' || first == '\'') {
      quoted(at, first, value);
    } else if (first == '|' || first == '>') {
      builder_.scalar(span_at(at, 1), value, text);
    } else {
      const std::size_t line_end = std::min(rest.find_first_of("\r\n"), rest.size());
      builder_.scalar(span_at(at, rest.starts_with(value) ? value.size() : line_end), value, text);
    }
  }

  void quoted(std::size_t at, char quote, const std::string& value) {
    const std::string_view text = document_.text;
    std::size_t end = at + 1;
    while (end < text.size() && text[end] != '\n') {
      if (text[end] == '\\' && quote == '"') {
        ++end;
      } else if (text[end] == quote) {
        if (quote == '"' || end + 1 >= text.size() || text[end + 1] != '\'') break;
        ++end;
      }
      ++end;
    }
    end = std::min(end, text.size());
    const std::string_view inside = text.substr(at + 1, end - at - 1);
    // An empty text is pointed at by its quotes.
    const Span span = inside.empty() ? span_at(at, 2) : span_at(at + 1, inside.size());
    builder_.scalar(span, inside == value ? inside : std::string_view(value), true);
  }

  void anchored(YAML::anchor_t anchor) {
    stop_if_failed();
    if (anchor != YAML::NullAnchor) builder_.anchor(anchor);
  }

  void end() {
    builder_.end();
    stop_if_failed();
  }

  void stop_if_failed() const {
    if (builder_.failure()) throw Stop{};
  }

  const Document& document_;
  TreeBuilder& builder_;
  int documents_ = 0;
  std::vector<std::size_t> line_starts_;
};

// yaml-cpp reads a whole `[[[[…` line before it tells of the first bracket, 200 bytes of memory for
// each. So a line that opens more than may be nested is refused beforehand. Whatever stands in
// quotes or comments is counted too: no sane line has that many left open.
bool nests_too_deep(const Document& document, TreeBuilder& builder) {
  Span span{document.source, document.first_line, 0, 1};
  std::size_t open = 0;
  for (const char c : document.text) {
    ++span.column;
    if (c == '[' || c == '{') {
      if (++open <= limits::kDepth) continue;
      builder.fail(
          "E51", span,
          "values are nested more than " + std::to_string(limits::kDepth) + " levels deep");
      return true;
    }
    if ((c == ']' || c == '}') && open > 0) --open;
    if (c != '\n') continue;
    open = 0;
    ++span.line;
    span.column = 0;
  }
  return false;
}

}  // namespace

void read_yaml(const Document& document, TreeBuilder& builder) {
  if (nests_too_deep(document, builder)) return;
  Events events(document, builder);
  try {
    std::istringstream stream{std::string(document.text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(events)) {
    }
  } catch (const Stop&) {
  } catch (const YAML::Exception& exception) {
    events.unreadable(exception);
  } catch (const std::exception& exception) {
    builder.fail("E51", {document.source, document.first_line, 1, 1},
                 std::string("this document cannot be read: ") + exception.what());
  }
}

}  // namespace smic::resources
