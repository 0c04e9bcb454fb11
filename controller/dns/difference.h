// SPDX-License-Identifier: Apache-2.0
// What an edit changes, as a person or `patch` reads it.
#pragma once

#include <string>
#include <string_view>

namespace smic::dns_stub {

// A unified diff with three lines of context; empty if nothing changes. Edits here are of one
// stretch, so there is one hunk: what is the same at both ends is left away.
std::string difference(std::string_view name, std::string_view before, std::string_view after);

}  // namespace smic::dns_stub
