// SPDX-License-Identifier: Apache-2.0
// Text to Ast in one pass and without recursion: open groups lie on a stack whose height is
// limited, so no pattern can overflow ours. What is accepted is what RE2 20220601 accepts with its
// default options, corner by corner: `{` that begins no count is a literal, `a**` is refused yet
// `a*(?:)*` is not, counts that multiply to more than 1000 are refused where they nest.
//
// Tested by tests/unit/automata/parse_test.cpp and, against RE2 itself, by corpus_test.cpp and
// random_test.cpp beside it.
#include <algorithm>
#include <cstdint>

#include "compiler/automata/ast.h"
#include "compiler/automata/automata.h"
#include "compiler/automata/cursor.h"
#include "compiler/automata/utf8.h"

namespace smic::automata {
namespace {

// An open group, or the whole pattern at the bottom of the stack.
struct Frame {
  std::size_t opened_at = 0;
  Flags outer;                  // to go back to when it closes
  std::vector<NodeId> choices;  // before the last `|`
  std::vector<NodeId> parts;    // after it
  bool in_run = false;          // the last part is a literal that may still grow
};

class Parser {
 public:
  explicit Parser(std::string_view pattern) : cursor_(pattern) {
    ast_.pattern_length = pattern.size();
    frames_.emplace_back();
  }

  Parsed<Regex> parse() {
    while (!cursor_.done()) {
      if (auto parsed = parse_item(); !parsed) return std::unexpected(parsed.error());
    }
    if (frames_.size() > 1) {
      return cursor_.fail(frames_.back().opened_at, "missing `)`", "this `(` is never closed");
    }
    ast_.root = finish_group();
    return Regex(std::make_shared<const Ast>(std::move(ast_)));
  }

 private:
  using Done = Parsed<void>;

  Done parse_item() {
    const std::size_t start = cursor_.offset();
    const char first = cursor_.rest().front();
    if (first == '*' || first == '+' || first == '?' || first == '{') return parse_repeat(start);
    last_repeat_end_ = kNever;
    switch (first) {
      case '(':
        return open_group(start);
      case ')':
        return close_group(start);
      case '[':
        return parse_class();
      case '\\':
        return parse_backslash();
      default:
        break;
    }
    if (cursor_.take("|")) return end_choice();
    if (cursor_.take("^")) return push(flags_.multi_line ? Look::begin_line : Look::begin_text);
    if (cursor_.take("$")) return push(flags_.multi_line ? Look::end_line : Look::end_text);
    if (cursor_.take(".")) return push(any_character());
    return parse_literal();
  }

  Done parse_literal() {
    const std::optional<char32_t> point = cursor_.take_point();
    if (!point) return cursor_.fail_utf8();
    return push_character(*point);
  }

  Class any_character() const {
    if (flags_.dot_all) return {{{0, kLastCodePoint}}};
    return {{{0, '\n' - 1}, {'\n' + 1, kLastCodePoint}}};
  }

  Done parse_class() {
    auto points = parse_bracket(cursor_, flags_.fold);
    if (!points) return std::unexpected(points.error());
    return push(Class{points->ranges()});
  }

  Done parse_backslash() {
    if (const std::optional<Node> special = take_special_escape()) return push(*special);
    if (cursor_.take("\\Q")) return parse_quoted();
    auto points = parse_class_escape(cursor_, flags_.fold);
    if (!points) return std::unexpected(points.error());
    if (*points) return push(Class{(*points)->ranges()});
    const Parsed<char32_t> point = parse_escape(cursor_);
    if (!point) return std::unexpected(point.error());
    return push_character(*point);
  }

  std::optional<Node> take_special_escape() {
    if (cursor_.take("\\b")) return Look::word_boundary;
    if (cursor_.take("\\B")) return Look::no_word_boundary;
    if (cursor_.take("\\A")) return Look::begin_text;
    if (cursor_.take("\\z")) return Look::end_text;
    if (cursor_.take("\\C")) return AnyByte{};
    return std::nullopt;
  }

  Done parse_quoted() {  // \Q...\E, or to the end
    while (!cursor_.done() && !cursor_.take("\\E")) {
      if (Done literal = parse_literal(); !literal) return literal;
    }
    return {};
  }

  // ---- repetition ---------------------------------------------------------------------------

  Done parse_repeat(std::size_t start) {
    const std::optional<Count> count = take_count(cursor_);
    if (!count) {  // a `{` that begins no count
      last_repeat_end_ = kNever;
      return parse_literal();
    }
    cursor_.take("?");  // lazy: the same set of subjects
    const std::string_view written = cursor_.since(start);
    if (last_repeat_end_ == start) return refuse_stacked(start, written);
    if (too_many(*count)) return refuse_count(start);
    if (frames_.back().parts.empty()) {
      return cursor_.fail(start, "nothing to repeat before " + quoted(written),
                          "to match the character itself, write `\\" + std::string(written) + "`");
    }
    const NodeId body = pop_repeatable();
    const std::uint32_t copies =
        std::max(1u, count->most == Count::kUnbounded ? count->least : count->most);
    const std::uint32_t weight = weights_[body] * copies;
    if (copies >= 2 && weight > limits().repeat) return refuse_count(start);
    push(repeat(body, *count));
    weights_[frames_.back().parts.back()] = weight;
    last_repeat_end_ = cursor_.offset();
    return {};
  }

  static bool too_many(const Count& count) {
    if (count.least > limits().repeat) return true;
    if (count.most == Count::kUnbounded) return false;
    return count.most > limits().repeat || count.most < count.least;
  }

  Done refuse_count(std::size_t start) const {
    return cursor_.fail(start,
                        "repetition count " + quoted(cursor_.since(start)) + " is out of range",
                        "counts go from low to high and up to 1000, nested ones multiplied");
  }

  Done refuse_stacked(std::size_t start, std::string_view written) const {
    if (written.starts_with('+')) {
      return cursor_.fail(start, "possessive repetition is not supported",
                          "drop the `+`: matching never backtracks here, so it gains nothing");
    }
    return cursor_.fail(start, quoted(written) + " repeats a repetition",
                        "put the first one in a group: `(?:...)" + std::string(written) + "`");
  }

  // The last character or group; a literal run gives up its last character.
  NodeId pop_repeatable() {
    Frame& frame = frames_.back();
    const NodeId last = frame.parts.back();
    auto* run = frame.in_run ? std::get_if<Literal>(&ast_.nodes[last]) : nullptr;
    if (run) {
      std::size_t cut = run->bytes.size() - 1;
      while ((run->bytes[cut] & 0xC0) == 0x80) --cut;
      if (cut > 0) {
        std::string character = run->bytes.substr(cut);
        run->bytes.resize(cut);
        return add(Literal{std::move(character)});
      }
    }
    frame.parts.pop_back();
    return last;
  }

  // Stacked * + ? fold into one, so that a chain of them cannot make the tree deep.
  Node repeat(NodeId body, Count count) const {
    const Node& inside = ast_.nodes[body];
    if (count.most == 0 || std::holds_alternative<Empty>(inside)) return Empty{};
    if (count.least == 1 && count.most == 1) return inside;
    if (const auto* inner = std::get_if<Repeat>(&inside);
        inner && is_simple(inner->count) && is_simple(count)) {
      return Repeat{inner->body, Count{std::min(inner->count.least, count.least),
                                       std::max(inner->count.most, count.most)}};
    }
    return Repeat{body, count};
  }

  static bool is_simple(const Count& count) {
    return count.least <= 1 && (count.most == 1 || count.most == Count::kUnbounded);
  }

  // ---- groups -------------------------------------------------------------------------------

  Done open_group(std::size_t start) {
    if (frames_.size() > limits().nesting) {
      return cursor_.fail(start, "groups nest deeper than " + std::to_string(limits().nesting));
    }
    Frame frame{.opened_at = start, .outer = flags_};
    const Parsed<bool> opens = parse_group_opening(cursor_, flags_);
    if (!opens) return std::unexpected(opens.error());
    if (*opens) frames_.push_back(std::move(frame));
    return {};
  }

  Done close_group(std::size_t start) {
    cursor_.take(")");
    if (frames_.size() == 1) {
      return cursor_.fail(start, "unexpected `)`", "there is no `(` before it; a literal is `\\)`");
    }
    const NodeId group = finish_group();
    flags_ = frames_.back().outer;
    frames_.pop_back();
    return push_id(group);
  }

  Done end_choice() {
    Frame& frame = frames_.back();
    frame.choices.push_back(finish<Concat>(frame.parts));
    frame.parts.clear();
    frame.in_run = false;
    return {};
  }

  NodeId finish_group() {
    end_choice();
    return finish<Alternate>(frames_.back().choices);
  }

  template <class Kind>
  NodeId finish(const std::vector<NodeId>& nodes) {
    if (nodes.empty()) return add(Empty{});
    if (nodes.size() == 1) return nodes.front();
    const NodeId id = add(Kind{nodes});
    for (const NodeId node : nodes) weights_[id] = std::max(weights_[id], weights_[node]);
    return id;
  }

  // ---- nodes --------------------------------------------------------------------------------

  NodeId add(Node node) {
    ast_.nodes.push_back(std::move(node));
    weights_.push_back(1);
    return static_cast<NodeId>(ast_.nodes.size() - 1);
  }

  // These return Done for the convenience of the callers; nothing can go wrong in them.
  Done push(Node node) { return push_id(add(std::move(node))); }

  Done push_id(NodeId node) {
    frames_.back().parts.push_back(node);
    frames_.back().in_run = false;
    return {};
  }

  Done push_character(char32_t point) {
    if (flags_.fold && has_case(point)) return push(Class{fold_orbit(point).ranges()});
    Frame& frame = frames_.back();
    if (!frame.in_run) {
      push(Literal{});
      frame.in_run = true;
    }
    append_utf8(std::get<Literal>(ast_.nodes[frame.parts.back()]).bytes, point);
    return {};
  }

  static constexpr std::size_t kNever = ~std::size_t{0};

  Cursor cursor_;
  Ast ast_;
  std::vector<std::uint32_t> weights_;  // per node: copies of its innermost part, counts multiplied
  std::vector<Frame> frames_;
  Flags flags_;
  std::size_t last_repeat_end_ = kNever;
};

}  // namespace

std::expected<Regex, SyntaxError> parse(std::string_view pattern) {
  if (pattern.size() > limits().pattern_bytes) {
    return std::unexpected(SyntaxError{
        .offset = limits().pattern_bytes,
        .length = pattern.size() - limits().pattern_bytes,
        .message = "regex is longer than " + std::to_string(limits().pattern_bytes) + " bytes"});
  }
  return Parser(pattern).parse();
}

}  // namespace smic::automata
