// SPDX-License-Identifier: Apache-2.0
// The characters of a YAML document: where we are, blanks and comments, and scalars of every style,
// decoded and with their place. read_yaml.cpp makes structure of them. Known inside
// compiler/resources only.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "compiler/resources/documents.h"

namespace smic::resources {

// Between block collections, indentation means structure; between brackets it does not.
enum class Context { block, flow };

struct Scalar {
  Span span;
  bool quoted = false;
  std::string_view verbatim;           // the text, where it stands in the source as it is
  std::optional<std::string> decoded;  // the text, where it does not

  std::string_view text() const { return decoded ? std::string_view(*decoded) : verbatim; }
};

class YamlScanner {
 public:
  YamlScanner(const Document& document, TreeBuilder& builder)
      : text_(document.text),
        builder_(builder),
        source_(document.source),
        cursor_{.line = document.first_line} {}

  struct Cursor {
    std::size_t at = 0;
    std::uint32_t line = 1;
    std::size_t line_start = 0;
  };
  const Cursor& cursor() const { return cursor_; }
  void go_back(const Cursor& cursor) { cursor_ = cursor; }

  bool at_end() const { return cursor_.at >= text_.size(); }
  char peek(std::size_t ahead = 0) const {
    return cursor_.at + ahead < text_.size() ? text_[cursor_.at + ahead] : '\0';
  }
  void advance(std::size_t bytes = 1) { cursor_.at += bytes; }
  int column() const { return static_cast<int>(cursor_.at - cursor_.line_start); }  // 0-based

  // Is `c` here, and then a blank or the line's end? Between brackets, one of them will do too.
  bool at_indicator(char c, Context context = Context::block) const;
  bool at_line_end() const;  // or at a comment
  bool at_marker() const;    // `---`
  void skip_blanks();        // within the line
  // To the next thing that is said, over comments and lines; in block context no tab may indent it.
  void skip_lines(Context context);

  // The first line of a plain scalar, up to what ends it; it says nothing to the builder.
  std::string_view plain_line(Context context);

  // Scalars. `parent` is the column that lines of it must be indented further than.
  Scalar plain(Context context, int parent);
  Scalar quoted();
  Scalar block(int parent);
  std::string_view word();  // an anchor's or alias' name, or a tag

  Span span(const Cursor& from, std::size_t length) const;
  Span here() const { return span(cursor_, 1); }
  void fail(const Span& span, std::string message, std::string help = {});
  bool failed() const { return builder_.failure().has_value(); }

 private:
  // How a block scalar is written: `|2-`.
  struct BlockStyle {
    bool literal = false;
    char chomp = ' ';
    int indent = -1;  // not given
  };

  bool line_ends_at(std::size_t at) const;
  void next_line();
  bool plain_goes_on(Context context, int parent, std::size_t& breaks);
  bool double_escape(std::string& decoded);
  void fold(std::string& decoded, std::size_t unescaped);
  bool block_header(int parent, BlockStyle& style);
  int detect_indent(int parent) const;

  std::string_view text_;
  TreeBuilder& builder_;
  SourceId source_;
  Cursor cursor_;
};

}  // namespace smic::resources
