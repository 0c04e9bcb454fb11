// SPDX-License-Identifier: Apache-2.0
// YAML 1.2 to the located tree: block and flow collections, scalars of all five styles, anchors,
// aliases, tags. By recursive descent: a node is read knowing the column that it must be indented
// further than; one line is looked ahead to tell a mapping (`key: …`) from a scalar. Every level of
// recursion opens a container in the builder, which refuses the 201st.
//
// Why not yaml-cpp, which judges this reader in its tests: it takes a string without an end for a
// good one, does not say where values end, needs seconds and a gigabyte of memory for ten megabytes
// of `[`, and four seconds for the manifests of 10,000 services that this reads in half of one.
//
// Left out, with an error that says so: keys that are not plain text.
// Tested by read_yaml_test.cpp, judged_by_yaml_cpp_test.cpp and fuzz_resources.cpp.
#include <unordered_map>

#include "compiler/resources/documents.h"
#include "compiler/resources/yaml_scanner.h"

namespace smic::resources {
namespace {

// What stands right before a node on its line, which decides what may begin there.
enum class Where {
  nothing,  // the document's first node
  marker,   // `---`: no block collection on this line
  colon,    // `key:`: neither, but a list below may be as far left as the key
  dash,     // `-`: anything
};

// `&anchor` and `!tag` before a value.
struct Properties {
  std::string_view anchor;
  bool is_text = false;  // tagged as a string
  bool any = false;

  void take(const Properties& other) {
    if (!other.anchor.empty()) anchor = other.anchor;
    is_text = is_text || other.is_text;
    any = any || other.any;
  }
};

bool is_null(std::string_view text) {
  return text == "~" || text == "null" || text == "Null" || text == "NULL";
}

class YamlReader {
 public:
  YamlReader(const Document& document, TreeBuilder& builder)
      : in_(document, builder), builder_(builder) {}

  void read() {
    const bool marker = in_.at_marker();
    if (marker) {
      in_.advance(3);
    } else {
      in_.skip_lines(Context::block);
    }
    block_node(-1, marker ? Where::marker : Where::nothing);
    in_.skip_lines(Context::block);
    if (!in_.at_end()) fail_beyond();
  }

 private:
  using Cursor = YamlScanner::Cursor;

  // ---- block style ---------------------------------------------------------------------------

  // A node that is indented further than `parent`, from what stands before it on.
  void block_node(int parent, Where where) {
    bool fresh = where == Where::nothing;  // nothing but blanks before it on its line
    Properties of_node, of_line;
    Cursor begin;
    for (;;) {
      in_.skip_blanks();
      begin = in_.cursor();
      of_line = properties();
      if (!in_.at_line_end()) break;
      of_node.take(of_line);
      of_line = {};
      in_.skip_lines(Context::block);
      if (in_.failed()) return;
      if (!belongs(parent, where)) return absent(of_node);
      fresh = true;
    }
    const int indent = static_cast<int>(begin.at - begin.line_start);
    const bool may_nest = fresh || where == Where::dash;
    if (in_.at_indicator('-')) {
      if (!may_nest || of_line.any) return fail("a list cannot begin on this line");
      return block_sequence(indent, of_node);
    }
    if (may_nest && at_key()) {
      in_.go_back(begin);
      return block_mapping(indent, of_node);
    }
    of_node.take(of_line);
    block_value(parent, of_node);
  }

  // Is what comes after a line's end still within the node, or something of an outer one?
  bool belongs(int parent, Where where) const {
    if (in_.at_end()) return false;
    return in_.column() > parent ||
           (where == Where::colon && in_.column() == parent && in_.at_indicator('-'));
  }

  void block_value(int parent, const Properties& of_node) {
    const char c = in_.peek();
    if (c == '|' || c == '>') return scalar(in_.block(parent), of_node);
    if (c == '[' || c == '{') {
      flow_collection(of_node);
    } else {
      flow_or_plain(Context::block, parent, of_node);
    }
    if (in_.failed()) return;
    in_.skip_blanks();
    if (in_.at_line_end()) return;
    if (!in_.at_indicator(':')) return fail_beyond();
    if (c == '[' || c == '{') return fail("a key must be plain text, not a list or a mapping");
    fail("`:` cannot stand here", "if it belongs to the text, put the text in quotes");
  }

  void block_sequence(int indent, const Properties& of_node) {
    builder_.begin_sequence(in_.here());
    anchor(of_node);
    while (!in_.failed() && !in_.at_end() && in_.column() == indent && in_.at_indicator('-')) {
      in_.advance();
      block_node(indent, Where::dash);
      in_.skip_lines(Context::block);
    }
    if (!in_.failed() && !in_.at_end() && in_.column() > indent) fail_beyond();
    builder_.end();
  }

  void block_mapping(int indent, const Properties& of_node) {
    builder_.begin_mapping(in_.here());
    anchor(of_node);
    while (!in_.failed() && !in_.at_end() && in_.column() == indent) {
      if (block_key(indent)) block_node(indent, Where::colon);
      in_.skip_lines(Context::block);
    }
    if (!in_.failed() && !in_.at_end() && in_.column() > indent) fail_beyond();
    builder_.end();
  }

  // A key and its `:`. An explicit one (`? key`) may go without, and has no value then.
  bool block_key(int indent) {
    const bool is_explicit = in_.at_indicator('?');
    if (is_explicit) {
      in_.advance();
      in_.skip_blanks();
    }
    if (in_.at_indicator('-')) {
      fail("a key is expected here, not a list");
      return false;
    }
    key(Context::block, properties());
    in_.skip_blanks();
    if (is_explicit && !in_.failed()) {
      in_.skip_lines(Context::block);
      if (in_.column() != indent || !in_.at_indicator(':')) {
        builder_.null(in_.here(), false);
        return false;
      }
    }
    if (!in_.failed() && !in_.at_indicator(':')) fail("`:` is missing after this key");
    in_.advance();
    return !in_.failed();
  }

  // Does a key and its `:` stand on this line?
  bool at_key() {
    if (in_.at_indicator('?')) return true;
    const Cursor begin = in_.cursor();
    const char c = in_.peek();
    if (c == '"' || c == '\'') {
      in_.quoted();
    } else if (c == '*') {
      in_.word();
    } else if (c != '|' && c != '>' && c != '[' && c != '{') {
      in_.plain_line(Context::block);
    }
    in_.skip_blanks();
    const bool found = in_.cursor().line == begin.line && in_.at_indicator(':');
    in_.go_back(begin);
    return found && c != '[' && c != '{';
  }

  // ---- flow style ----------------------------------------------------------------------------

  void flow_collection(const Properties& of_node) {
    in_.peek() == '[' ? flow_sequence(of_node) : flow_mapping(of_node);
  }

  void flow_sequence(const Properties& of_node) {
    const Span begin = in_.here();
    builder_.begin_sequence(begin);
    anchor(of_node);
    in_.advance();
    while (next_in_flow(begin, ']')) {
      flow_item();
      if (!comma_or(']')) break;
    }
    builder_.end();
  }

  void flow_mapping(const Properties& of_node) {
    const Span begin = in_.here();
    builder_.begin_mapping(begin);
    anchor(of_node);
    in_.advance();
    while (next_in_flow(begin, '}')) {
      flow_pair();
      if (!comma_or('}')) break;
    }
    builder_.end();
  }

  // An item of a list: a node, or one pair of a mapping without its braces (`[a: b]`).
  void flow_item() {
    const Cursor begin = in_.cursor();
    if (!at_flow_pair()) {
      in_.go_back(begin);
      return flow_node();
    }
    in_.go_back(begin);
    builder_.begin_mapping(in_.here());
    flow_pair();
    builder_.end();
  }

  bool at_flow_pair() {
    if (in_.at_indicator('?', Context::flow)) return true;
    properties();
    const char c = in_.peek();
    if (c == '[' || c == '{' || c == ',' || c == ']' || in_.at_end()) return false;
    const bool quotes = c == '"' || c == '\'';
    if (quotes) {
      in_.quoted();
    } else if (c == '*') {
      in_.word();
    } else {
      in_.plain_line(Context::flow);
    }
    in_.skip_blanks();
    return quotes ? in_.peek() == ':' : in_.at_indicator(':', Context::flow);
  }

  void flow_pair() {
    if (in_.at_indicator('?', Context::flow)) {
      in_.advance();
      in_.skip_lines(Context::flow);
    }
    const bool quotes = in_.peek() == '"' || in_.peek() == '\'';
    key(Context::flow, properties());
    in_.skip_lines(Context::flow);
    const bool has_value =
        !in_.failed() && (quotes ? in_.peek() == ':' : in_.at_indicator(':', Context::flow));
    if (!has_value) return builder_.null(in_.here(), false);
    in_.advance();
    in_.skip_lines(Context::flow);
    flow_node();
  }

  void flow_node() {
    const Properties of_node = properties();
    in_.skip_lines(Context::flow);
    const char c = in_.peek();
    if (c == '[' || c == '{') return flow_collection(of_node);
    if (c == ',' || c == ']' || c == '}') return absent(of_node);
    flow_or_plain(Context::flow, -1, of_node);
  }

  // To the next item. False at the closing bracket, which is passed, or if there is none.
  bool next_in_flow(const Span& begin, char closing) {
    in_.skip_lines(Context::flow);
    if (in_.failed()) return false;
    if (in_.at_end()) {
      in_.fail(begin, std::string("`") + closing + "` is missing for this bracket");
      return false;
    }
    if (in_.peek() == closing) {
      in_.advance();
      return false;
    }
    if (in_.peek() != ',' && in_.peek() != ']' && in_.peek() != '}') return true;
    fail("a value is expected here");
    return false;
  }

  bool comma_or(char closing) {
    in_.skip_lines(Context::flow);
    if (in_.failed() || in_.at_end() || in_.peek() == closing) return !in_.failed();
    if (in_.peek() != ',') {
      fail(std::string("`,` or `") + closing + "` is expected here");
      return false;
    }
    in_.advance();
    return true;
  }

  // ---- scalars -------------------------------------------------------------------------------

  void key(Context context, const Properties& of_key) {
    const char c = in_.peek();
    if (c == '[' || c == '{' || c == '|' || c == '>' || in_.at_indicator('?', context)) {
      return fail("a key must be plain text, not a list or a mapping");
    }
    if (in_.at_line_end() || in_.at_indicator(':', context)) return fail("a key is missing here");
    if (c == '*') return alias();
    Scalar text = c == '"' || c == '\'' ? in_.quoted() : plain(context, kOneLine);
    builder_.scalar(text.span, text.text(), text.quoted || of_key.is_text);
    anchor(of_key);
  }

  void flow_or_plain(Context context, int parent, const Properties& of_node) {
    const char c = in_.peek();
    if (c == '*') return alias();
    scalar(c == '"' || c == '\'' ? in_.quoted() : plain(context, parent), of_node);
  }

  static constexpr int kOneLine = 1 << 30;  // no line is indented further

  Scalar plain(Context context, int parent) {
    const char c = in_.peek();
    if (std::string_view(",]}#&!|>%@`").contains(c) || in_.at_indicator('-', context) ||
        in_.at_indicator('?', context) || in_.at_indicator(':', context)) {
      fail(std::string("a text cannot begin with `") + c + '`', "put it in quotes");
      return {};
    }
    return in_.plain(context, parent);
  }

  void scalar(const Scalar& scalar, const Properties& of_node) {
    if (in_.failed()) return;
    const bool text = scalar.quoted || of_node.is_text;
    if (!text && is_null(scalar.text())) {
      builder_.null(scalar.span);
    } else {
      builder_.scalar(scalar.span, scalar.text(), text);
    }
    anchor(of_node);
  }

  void absent(const Properties& of_node) {
    builder_.null(in_.here(), false);
    anchor(of_node);
  }

  // ---- anchors, aliases and tags -------------------------------------------------------------

  Properties properties() {
    Properties found;
    while (in_.peek() == '&' || in_.peek() == '!') {
      const bool is_anchor = in_.peek() == '&';
      const Cursor begin = in_.cursor();
      const std::string_view word = in_.word();
      const Span span = in_.span(begin, word.size());
      if (is_anchor && (word.size() == 1 || !found.anchor.empty())) {
        in_.fail(span, word.size() == 1 ? "an anchor needs a name" : "a value has one anchor only");
        return found;
      }
      if (is_anchor) found.anchor = word.substr(1);
      if (word == "!!str" || word == "!" || word == "!<tag:yaml.org,2002:str>")
        found.is_text = true;
      found.any = true;
      in_.skip_blanks();
    }
    return found;
  }

  void anchor(const Properties& of_node) {
    if (of_node.anchor.empty() || in_.failed()) return;
    const std::size_t id = anchors_.size() + renamed_;
    const auto [known, is_new] = anchors_.emplace(of_node.anchor, id);
    if (!is_new) {
      known->second = id;
      ++renamed_;
    }
    builder_.anchor(id);
  }

  void alias() {
    const Cursor begin = in_.cursor();
    const std::string_view word = in_.word();
    const Span span = in_.span(begin, word.size());
    const auto known = anchors_.find(word.substr(1));
    if (known == anchors_.end()) return in_.fail(span, "this alias has no anchor before it");
    builder_.alias(span, known->second);
  }

  void fail(std::string message, std::string help = {}) {
    in_.fail(in_.here(), std::move(message), std::move(help));
  }
  void fail_beyond() {
    fail("this does not belong to the value before it", "is it indented like the lines above?");
  }

  YamlScanner in_;
  TreeBuilder& builder_;
  std::unordered_map<std::string_view, std::size_t> anchors_;
  std::size_t renamed_ = 0;
};

}  // namespace

void read_yaml(const Document& document, TreeBuilder& builder) {
  YamlReader(document, builder).read();
}

}  // namespace smic::resources
