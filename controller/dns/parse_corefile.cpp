// SPDX-License-Identifier: Apache-2.0
// Words to blocks, in the order in which Caddy's parser asks: keys until a brace or a line's end (a
// comma lets them go on on the next line), then directives, each to the end of its line, or of the
// braces that are open there. Nesting is counted, not recursed into.
//
// A server block without braces takes the rest of the file, so nothing can stand beside it: the
// editor must know of it. Tested by corefile_test.cpp.
#include <algorithm>

#include "controller/dns/corefile.h"

namespace smic::dns_stub {
namespace {

class Parser {
 public:
  Parser(std::vector<Word> words, Diagnostics& diagnostics)
      : words_(std::move(words)), diagnostics_(diagnostics) {}

  std::optional<Corefile> parse() {
    while (!at_end()) {
      if (!statement()) return std::nullopt;
    }
    return std::move(corefile_);
  }

 private:
  bool at_end() const { return at_ == words_.size(); }
  const Word& word() const { return words_[at_]; }
  bool is(std::string_view text) const { return !at_end() && word().text == text; }

  bool refuse(const Span& span, std::string message, std::string help = {}) {
    diagnostics_.report("E80", span, std::move(message), std::move(help));
    return false;
  }

  bool statement() {
    if (is("import") && word().first_of_line) return import_between_blocks();
    ServerBlock block;
    if (!keys(block)) return false;
    if (is_snippet(block)) return snippet(block);
    return contents(block);
  }

  bool import_between_blocks() {
    const Word& name = words_[at_++];
    if (at_end() || word().first_of_line) {
      return refuse(name.span, "`import` lacks what it imports");
    }
    corefile_.imports.push_back(words_[at_++]);
    while (!at_end() && !word().first_of_line) ++at_;  // arguments of a snippet
    return true;
  }

  bool keys(ServerBlock& block) {
    for (bool comma = true; !at_end() && (comma || !word().first_of_line || block.keys.empty());) {
      Word key = word();
      if (key.text == "{") break;
      if (key.text == "}") return refuse(key.span, "this `}` closes nothing");
      comma = key.text.ends_with(',');
      if (comma) key.text.pop_back();
      if (!key.text.empty()) block.keys.push_back(std::move(key));
      ++at_;
    }
    if (!block.keys.empty()) return true;
    return refuse(at_end() ? words_.back().span : word().span,
                  "a server block needs a zone before its `{`");
  }

  static bool is_snippet(const ServerBlock& block) {
    const std::string& first = block.keys.front().text;
    return block.keys.size() == 1 && first.size() > 2 && first.starts_with('(') &&
           first.ends_with(')');
  }

  bool snippet(const ServerBlock& block) {
    const Word& key = block.keys.front();
    const std::string name = key.text.substr(1, key.text.size() - 2);
    if (std::ranges::find(corefile_.snippets, name) != corefile_.snippets.end()) {
      return refuse(key.span, "the snippet `" + name + "` is defined twice");
    }
    corefile_.snippets.push_back(name);
    if (!is("{")) return refuse(key.span, "the snippet `" + name + "` has no `{`");
    const Span open = word().span;
    int depth = 0;
    do {
      if (at_end()) return refuse(open, "this `{` is never closed");
      depth += is("{") ? 1 : is("}") ? -1 : 0;
      ++at_;
    } while (depth > 0);
    return true;
  }

  bool contents(ServerBlock& block) {
    block.braces = is("{");
    const Span open = at_end() ? block.keys.front().span : word().span;
    if (block.braces) ++at_;
    while (!at_end() && !is("}")) {
      if (!directive(block)) return false;
    }
    if (block.braces && at_end()) return refuse(open, "this `{` is never closed");
    if (!block.braces && is("}")) return refuse(word().span, "this `}` closes nothing");
    if (block.braces) ++at_;
    corefile_.blocks.push_back(std::move(block));
    return true;
  }

  bool directive(ServerBlock& block) {
    Directive directive;
    std::vector<Span> open;
    do {
      if (is("{")) open.push_back(word().span);
      if (is("}") && open.empty()) {
        return refuse(word().span, "this `}` closes nothing on its line",
                      "a block's own `}` stands on a line of its own");
      }
      if (is("}")) open.pop_back();
      directive.words.push_back(words_[at_++]);
    } while (!at_end() && (!open.empty() || !word().first_of_line || is("{")));
    if (!open.empty()) return refuse(open.back(), "this `{` is never closed");
    block.directives.push_back(std::move(directive));
    return true;
  }

  std::vector<Word> words_;
  Diagnostics& diagnostics_;
  Corefile corefile_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<Corefile> parse_corefile(const Sources& sources, SourceId corefile,
                                       Diagnostics& diagnostics) {
  auto words = read_words(sources, corefile, diagnostics);
  if (!words) return std::nullopt;
  return Parser(std::move(*words), diagnostics).parse();
}

Key key_of(std::string_view text) {
  Key key;
  if (const std::size_t colon = text.find("://"); colon != std::string_view::npos) {
    key.scheme = text.substr(0, colon);
    text.remove_prefix(colon + 3);
    if (key.scheme == "tls" || key.scheme == "quic") key.port = "853";
    if (key.scheme == "grpc" || key.scheme.starts_with("https")) key.port = "443";
  }
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos && text.find(']', colon) == std::string_view::npos) {
    key.port = text.substr(colon + 1);
    text = text.substr(0, colon);
  }
  if (text.ends_with('.')) text.remove_suffix(1);
  for (const char letter : text) {
    key.zone += letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  }
  if (key.zone.empty()) key.zone = ".";
  return key;
}

bool has_variable(std::string_view text) {
  return text.find("{$") != std::string_view::npos || text.find("{%") != std::string_view::npos;
}

}  // namespace smic::dns_stub
