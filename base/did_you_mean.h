// SPDX-License-Identifier: Apache-2.0
// Names that were meant: for diagnostics and command lines alike.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace smic {

// The candidate nearest to `name` by edit distance, if it is near enough to be a slip.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates);

// "did you mean `web-v2`?", or nothing if no candidate is near: ready to be a help.
std::string suggest(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace smic
