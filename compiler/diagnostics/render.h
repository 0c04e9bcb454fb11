// SPDX-License-Identifier: Apache-2.0
// What the renderers share: words for severities, and user text made fit for one line of a
// terminal. Known inside compiler/diagnostics only.
#pragma once

#include <string>
#include <string_view>

#include "compiler/diagnostics/diagnostics.h"

namespace smic {

std::string_view word_for(Severity severity);

// One line of text that cannot act on a terminal: control characters as `\n` or `\x1b`, bytes that
// are not UTF-8 as U+FFFD.
std::string printable(std::string_view text);

// "shop.yaml:14:13", or only the file's name where the span is a whole file.
std::string place_of(const Sources& sources, const Span& span);

std::string render_human(const Diagnostics& diagnostics, bool colour);
std::string render_json(const Diagnostics& diagnostics);
std::string render_sarif(const Diagnostics& diagnostics);

}  // namespace smic
