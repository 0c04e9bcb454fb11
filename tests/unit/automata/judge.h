// SPDX-License-Identifier: Apache-2.0
// RE2 itself as the judge of our automata: does it take the pattern, and what does it match?
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace smic::automata::testing {

// How we and RE2 disagree on the pattern or on one of the subjects, under either anchor; empty if
// we do not. Patterns beyond our own limits, or RE2's, are not judged.
std::string disagreement(std::string_view pattern, std::span<const std::string> subjects);

// Printable, for messages.
std::string escaped(std::string_view text);

}  // namespace smic::automata::testing
