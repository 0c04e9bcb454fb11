// SPDX-License-Identifier: Apache-2.0
// Is anybody else listening where a manifest wants to? The proxy binds with SO_REUSEPORT, so that
// its workers can share an address and a new proxy can take over from an old one; the price is that
// two meshes of the same names would silently share their traffic. So `smic up` asks first.
#pragma once

#include "base/result.h"
#include "contract/contract.h"

namespace smic::cli {

// Looks at the addresses that `wanted` has and `held` has not. The error names the address and says
// what to do. Somebody may still come in between; then the proxy's own bind tells.
Result<void> check_free(const contract::Manifest& wanted, const contract::Manifest& held);

}  // namespace smic::cli
