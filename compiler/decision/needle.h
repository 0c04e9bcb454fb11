// SPDX-License-Identifier: Apache-2.0
// Is a header's pattern a search for a text? `.*Firefox.*` is; so is `.*MSIE 9\\.0.*`.
//
// Read off the pattern's text and not off its automaton, so that what is one is plain to see:
// nothing between the two `.*` but letters, digits, blanks and the like, or escaped punctuation.
// All else is left to the automaton, which is always right.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace smic::decision {

// The text, at most contract::kMaxNeedle bytes.
std::optional<std::string> needle_of(std::string_view pattern);

}  // namespace smic::decision
