// SPDX-License-Identifier: Apache-2.0
// A string that a regular expression probably matches as a whole: so that random requests hit
// rules at all. What it does not understand (Unicode classes, flags, look at word borders) it
// samples badly, which costs hits and nothing else.
#pragma once

#include <string>
#include <string_view>

#include "tests/support/random.h"

namespace smic::test {

std::string sample_regex(std::string_view regex, Random& random);

}  // namespace smic::test
