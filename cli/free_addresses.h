// SPDX-License-Identifier: Apache-2.0
// Is anybody else listening where a first manifest wants to? Later on the proxy tells of an address
// that cannot be had, and goes on without it; but a mesh that cannot start as it was meant, most
// likely because it runs already, had better say so and end.
#pragma once

#include "base/result.h"
#include "contract/contract.h"

namespace smic::cli {

// The error names the address and says what to do.
Result<void> check_free(const contract::Manifest& wanted);

}  // namespace smic::cli
