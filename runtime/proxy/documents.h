// SPDX-License-Identifier: Apache-2.0
// What the admin address serves about a snapshot.
#pragma once

#include <string>

#include "runtime/program/program.h"

namespace smic::proxy {

// The manifest that is enforced, as JSON.
std::string config_document(const program::Snapshot* snapshot);

// {"reviews.shop.mesh": {"9080": "127.83.4.5:9080"}}: a contract (issue 2 §5).
std::string addresses_document(const program::Snapshot* snapshot);

}  // namespace smic::proxy
