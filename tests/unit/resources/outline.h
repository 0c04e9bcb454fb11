// SPDX-License-Identifier: Apache-2.0
// A document's tree on one line: `{key: value, …}`, `[item, …]`, scalars as they are, quoted ones
// in quotes, each scalar with `@line:column+length`.
#pragma once

#include <string>
#include <string_view>

namespace smic::test {

std::string outline_of_yaml(std::string_view text, bool places = true);
std::string outline_of_json(std::string_view text);

}  // namespace smic::test
