// SPDX-License-Identifier: Apache-2.0
// CoreDNS's configuration language, as its own parser (Caddy's, version 1) reads it: words between
// blanks, quotes only at a word's beginning, `#` to the end of the line wherever it stands, braces
// that are words of their own. Kept as it was written: environment variables ({$NAME}, {%NAME%})
// and imports are not resolved, since what they stand for is known only where CoreDNS runs.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/diagnostics/diagnostics.h"

namespace smic::dns_stub {

inline constexpr std::size_t kMaxCorefileBytes = std::size_t{1} << 20;  // of a ConfigMap
inline constexpr std::size_t kMaxCorefileWords = 200'000;

struct Word {
  std::string text;  // without quotes
  std::size_t begin = 0;
  std::size_t end = 0;  // in the file's bytes, with quotes
  Span span;            // of its first line
  bool first_of_line = false;
};

struct Directive {
  std::vector<Word> words;  // name, arguments, and what is in its braces, braces included
};

struct ServerBlock {
  std::vector<Word> keys;
  std::vector<Directive> directives;
  bool braces = true;  // a file of one block may do without
};

struct Corefile {
  std::vector<ServerBlock> blocks;
  std::vector<std::string> snippets;  // names, without their parentheses
  std::vector<Word> imports;          // patterns imported between blocks
};

std::optional<std::vector<Word>> read_words(const Sources& sources, SourceId corefile,
                                            Diagnostics& diagnostics);

// Nothing where CoreDNS would not read it either, or would read it as something else than it seems;
// `diagnostics` says where and why.
std::optional<Corefile> parse_corefile(const Sources& sources, SourceId corefile,
                                       Diagnostics& diagnostics);

// ---- keys of server blocks ----------------------------------------------------------------------

// "dns://Shop.mesh.:53" → dns, "shop.mesh", "53". The root zone is ".".
struct Key {
  std::string scheme = "dns";
  std::string zone;
  std::string port = "53";
};

Key key_of(std::string_view text);

bool has_variable(std::string_view text);  // {$NAME} or {%NAME%}

}  // namespace smic::dns_stub
