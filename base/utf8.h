// SPDX-License-Identifier: Apache-2.0
// What is UTF-8 and what is not, in the one place that decides it.
#pragma once

#include <cstddef>
#include <string_view>

namespace smic {

// Length of the well-formed UTF-8 sequence at the start of `text`, 0 if there is none.
std::size_t utf8_length(std::string_view text);

}  // namespace smic
