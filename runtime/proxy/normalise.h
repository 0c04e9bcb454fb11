// SPDX-License-Identifier: Apache-2.0
// The form of a path that rules see (SMI reference D-3): escapes of unreserved characters decoded,
// other escapes with capital digits, dot segments removed, and nothing else collapsed.
//
//   /a/%2e%2E/%7Eb//c%2fd  →  /~b//c%2Fd
//
// The path itself goes upstream as it was received, so this is the only place where the two could
// disagree; that is why ambiguous paths are refused and not repaired.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace smic::proxy {

// Nothing if an escape is invalid or encodes NUL. The result is `path` itself, or in `scratch`.
std::optional<std::string_view> normalise_path(std::string_view path, std::string& scratch);

}  // namespace smic::proxy
