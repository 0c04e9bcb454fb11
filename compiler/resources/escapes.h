// SPDX-License-Identifier: Apache-2.0
// The escapes that JSON and YAML share: `\u00fc`, and `\ud83d\ude00` for what needs two of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace smic::resources {

void append_utf8(std::string& out, std::uint32_t point);

// The number that the first `digits` characters are in hexadecimal.
std::optional<std::uint32_t> hexadecimal(std::string_view text, std::size_t digits);

// `text` begins with `\u`. Appends what that stands for and returns the bytes that it took, 0 if it
// is no escape. Half a surrogate pair becomes U+FFFD, as the API server makes of it.
std::size_t append_unicode_escape(std::string_view text, std::string& out);

}  // namespace smic::resources
