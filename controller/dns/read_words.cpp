// SPDX-License-Identifier: Apache-2.0
// The lexer. Two surprises of the original are kept, since a file must mean the same to us: `#`
// begins a comment also within a word, and a carriage return is nothing at all. One is not: there a
// quote that never ends takes the rest of the file as one word, which nobody wants, and behind
// which we would lose what we add. And it counts Unicode's blanks as blanks (one is pasted easily),
// which nobody sees, so that we refuse them. Tested by corefile_test.cpp, fuzz_corefile.cpp.
#include <algorithm>

#include "controller/dns/corefile.h"

namespace smic::dns_stub {
namespace {

bool blank(char letter) {
  return letter == ' ' || letter == '\t' || letter == '\n' || letter == '\r' || letter == '\v' ||
         letter == '\f';
}

// What Go's unicode.IsSpace takes for a blank beyond ASCII.
bool odd_blank(std::string_view rest) {
  if (rest.starts_with("\xE2\x80") && rest.size() > 2) {
    const auto last = static_cast<unsigned char>(rest[2]);
    return last <= 0x8A || last == 0xA8 || last == 0xA9 || last == 0xAF;
  }
  for (const std::string_view one :
       {"\xC2\x85", "\xC2\xA0", "\xE1\x9A\x80", "\xE2\x81\x9F", "\xE3\x80\x80"}) {
    if (rest.starts_with(one)) return true;
  }
  return false;
}

class Lexer {
 public:
  Lexer(std::string_view text, SourceId source) : text_(text), source_(source) {}

  bool next(Word& word) {
    skip_blanks_and_comments();
    if (at_ == text_.size()) return false;
    word = Word{.begin = at_,
                .span = {source_, line_, static_cast<std::uint32_t>(at_ - line_start_ + 1), 1},
                .first_of_line = line_ != last_line_};
    text_[at_] == '"' ? quoted(word) : plain(word);
    word.end = at_;
    word.span.length =
        static_cast<std::uint32_t>(std::min(word.end, text_.find('\n', word.begin)) - word.begin);
    last_line_ = line_;
    return true;
  }

  // Of the word that was read last.
  bool unended() const { return unended_; }
  bool odd() const { return odd_; }

 private:
  void newline() {
    ++line_;
    line_start_ = at_ + 1;
  }

  void skip_comment() { at_ = std::min(text_.find('\n', at_), text_.size()); }

  void skip_blanks_and_comments() {
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == '#') skip_comment();
      if (at_ == text_.size()) return;
      if (!blank(text_[at_])) return;
      if (text_[at_] == '\n') newline();
    }
  }

  void plain(Word& word) {
    for (; at_ < text_.size() && text_[at_] != '#'; ++at_) {
      if (text_[at_] == '\r') continue;
      if (blank(text_[at_])) return;
      odd_ |= odd_blank(text_.substr(at_));
      word.text += text_[at_];
    }
  }

  // Ends with the next quote, whatever follows; a backslash is one unless a quote is behind it.
  void quoted(Word& word) {
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') {
        ++at_;
        return;
      }
      if (text_[at_] == '\\' && at_ + 1 < text_.size() && text_[++at_] != '"') word.text += '\\';
      if (text_[at_] == '\n') newline();
      word.text += text_[at_];
    }
    unended_ = true;
  }

  std::string_view text_;
  SourceId source_;
  std::size_t at_ = 0;
  std::size_t line_start_ = 0;
  std::uint32_t line_ = 1;
  std::uint32_t last_line_ = 0;
  bool unended_ = false;
  bool odd_ = false;
};

}  // namespace

std::optional<std::vector<Word>> read_words(const Sources& sources, SourceId corefile,
                                            Diagnostics& diagnostics) {
  const std::string_view text = sources.text(corefile);
  if (text.size() > kMaxCorefileBytes) {
    diagnostics.report("E80", {corefile}, "the Corefile is longer than a ConfigMap can be");
    return std::nullopt;
  }
  Lexer lexer(text, corefile);
  std::vector<Word> words;
  for (Word word; lexer.next(word);) {
    if (lexer.unended()) {
      diagnostics.report("E80", word.span, "this quote has no end",
                         "CoreDNS would take all that follows as one word");
      return std::nullopt;
    }
    if (lexer.odd()) {
      diagnostics.report("E80", word.span, "this word has a blank in it that is not of ASCII",
                         "CoreDNS would end the word there; write a space");
      return std::nullopt;
    }
    if (words.size() == kMaxCorefileWords) {
      diagnostics.report("E80", word.span,
                         "more than " + std::to_string(kMaxCorefileWords) + " words");
      return std::nullopt;
    }
    words.push_back(std::move(word));
  }
  return words;
}

}  // namespace smic::dns_stub
