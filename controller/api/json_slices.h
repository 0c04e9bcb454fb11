// SPDX-License-Identifier: Apache-2.0
// A JSON text cut at its top level into the texts of its members or items, which are not looked
// into: a review may hold thousands of objects, each to be read on its own, with limits of its own.
// What is no JSON may be cut anywhere; whoever reads the pieces says so.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace smic::api {

using Members = std::vector<std::pair<std::string, std::string_view>>;

std::optional<Members> json_members(std::string_view json);
std::optional<std::vector<std::string_view>> json_items(std::string_view json);
std::optional<std::string> json_text(std::string_view json);

// The member of this name; empty if there is none.
std::string_view find(const Members& members, std::string_view name);

// A text with its quotes.
std::string json_quoted(std::string_view text);

}  // namespace smic::api
