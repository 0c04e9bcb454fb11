// SPDX-License-Identifier: Apache-2.0
// JSON to the located tree: RFC 8259 as one loop over a state. No JSON library at hand tells where
// a value stands, and YAML readers are not bound to read all of JSON. The builder holds the stack,
// so input depth is no stack depth.
//
// Stricter than YAML on purpose (no comments, no trailing commas): the caller asks YAML where this
// one refuses and the file is not named .json. Tested by read_json_test.cpp.
#include <string>

#include "compiler/resources/documents.h"
#include "compiler/resources/escapes.h"

namespace smic::resources {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

class JsonReader {
 public:
  JsonReader(const Document& document, TreeBuilder& builder)
      : document_(document), text_(document.text), builder_(builder), line_(document.first_line) {}

  std::size_t read() {
    skip_marker();
    State state = State::value;
    while (state != State::done && !builder_.failure()) {
      skip_blanks();
      if (at_ == text_.size()) {
        fail("the text ends in the middle of a value");
        break;
      }
      state = step(state);
    }
    const std::size_t end = at_;
    skip_blanks();
    return line_start_ > end ? line_start_ : at_;  // a line's first value keeps its column
  }

 private:
  enum class State {
    value,        // a value must come
    first_key,    // after `{`: a key or `}`
    key,          // after `,` in a mapping
    colon,        // after a key
    first_item,   // after `[`: a value or `]`
    after_value,  // `,` or the container's end
    done,
  };

  State step(State state) {
    switch (state) {
      case State::value:
        return value();
      case State::first_item:
        return text_[at_] == ']' ? close() : value();
      case State::first_key:
        return text_[at_] == '}' ? close() : key();
      case State::key:
        return key();
      case State::colon:
        return take(':') ? State::value : fail("`:` is missing after this key");
      case State::after_value:
        return after_value();
      case State::done:
        break;
    }
    return State::done;
  }

  State value() {
    switch (text_[at_]) {
      case '{':
        builder_.begin_mapping(span(at_, 1));
        ++at_;
        return State::first_key;
      case '[':
        builder_.begin_sequence(span(at_, 1));
        ++at_;
        return State::first_item;
      case '"':
        return string() ? after() : State::done;
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }

  State key() {
    if (text_[at_] != '"') return fail("a key in double quotes is expected here");
    return string() ? State::colon : State::done;
  }

  State after_value() {
    const bool mapping = builder_.inside_mapping();
    if (take(',')) return mapping ? State::key : State::value;
    if (text_[at_] == (mapping ? '}' : ']')) return close();
    return fail(mapping ? "`,` or `}` is expected here" : "`,` or `]` is expected here");
  }

  State close() {
    builder_.end();
    ++at_;
    return after();
  }

  State after() const { return builder_.inside_container() ? State::after_value : State::done; }

  State word(std::string_view expected) {
    if (!text_.substr(at_).starts_with(expected)) return fail("this is no JSON value");
    const Span where = span(at_, expected.size());
    if (expected == "null") {
      builder_.null(where);
    } else {
      builder_.scalar(where, text_.substr(at_, expected.size()), false);
    }
    at_ += expected.size();
    return after();
  }

  State number() {
    std::size_t end = at_;
    const auto digits = [&] {
      const std::size_t first = end;
      while (end < text_.size() && is_digit(text_[end])) ++end;
      return end > first;
    };
    const auto sees = [&](std::string_view any) {
      return end < text_.size() && any.contains(text_[end]);
    };
    if (sees("-")) ++end;
    const bool zero = sees("0");
    const std::size_t whole = end;
    bool good = digits() && (!zero || end == whole + 1);
    if (good && sees(".")) {
      ++end;
      good = digits();
    }
    if (good && sees("eE")) {
      ++end;
      if (sees("+-")) ++end;
      good = digits();
    }
    if (!good) return fail("this is no JSON value");
    builder_.scalar(span(at_, end - at_), text_.substr(at_, end - at_), false);
    at_ = end;
    return after();
  }

  // A string, as a key or a value; false if it is none.
  bool string() {
    const std::size_t begin = at_ + 1;
    decoded_.clear();
    std::size_t end = begin;
    std::size_t copied = begin;  // up to here the text is in decoded_
    while (end < text_.size() && text_[end] != '"') {
      if (static_cast<unsigned char>(text_[end]) < 0x20) {
        at_ = end;
        fail("a string must end on its line; write `\\n` or `\\t` for line ends and tabs");
        return false;
      }
      if (text_[end] != '\\') {
        ++end;
        continue;
      }
      decoded_ += text_.substr(copied, end - copied);
      end = escape(end);
      if (builder_.failure()) return false;
      copied = end;
    }
    if (end >= text_.size()) {
      fail("this string does not end");
      return false;
    }
    const bool escapes = copied != begin;
    if (escapes) decoded_ += text_.substr(copied, end - copied);
    // An empty text is pointed at by its quotes.
    const Span where = end == begin ? span(at_, 2) : span(begin, end - begin);
    builder_.scalar(where, escapes ? decoded_ : text_.substr(begin, end - begin), true);
    at_ = end + 1;
    return true;
  }

  // Appends what the escape at `at` stands for; returns the place behind it.
  std::size_t escape(std::size_t at) {
    static constexpr std::string_view kLetters = "\"\\/bfnrt";
    static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const char letter = at + 1 < text_.size() ? text_[at + 1] : '\0';
    if (const std::size_t known = kLetters.find(letter); letter && known != kLetters.npos) {
      decoded_ += kMeanings[known];
      return at + 2;
    }
    const std::size_t taken = append_unicode_escape(text_.substr(at), decoded_);
    if (taken == 0) {
      at_ = at;
      fail("this is no JSON escape");
    }
    return at + taken;
  }

  bool take(char c) {
    if (text_[at_] != c) return false;
    ++at_;
    return true;
  }

  void skip_marker() {
    if (text_.starts_with("---")) at_ = 3;
  }

  // Lines end in blanks only: strings cannot hold a line end.
  void skip_blanks() {
    for (; at_ < text_.size() && std::string_view(" \t\r\n").contains(text_[at_]); ++at_) {
      if (text_[at_] != '\n') continue;
      ++line_;
      line_start_ = at_ + 1;
    }
  }

  Span span(std::size_t at, std::size_t length) const {
    return {document_.source, line_, static_cast<std::uint32_t>(at - line_start_ + 1),
            static_cast<std::uint32_t>(length)};
  }

  State fail(std::string message) {
    builder_.fail("E50", span(at_, 1), "this cannot be read as JSON: " + std::move(message));
    return State::done;
  }

  const Document& document_;
  std::string_view text_;
  TreeBuilder& builder_;
  std::size_t at_ = 0;
  std::uint32_t line_;
  std::size_t line_start_ = 0;
  std::string decoded_;
};

}  // namespace

std::size_t read_json(const Document& document, TreeBuilder& builder) {
  return JsonReader(document, builder).read();
}

}  // namespace smic::resources
