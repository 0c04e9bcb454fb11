// SPDX-License-Identifier: Apache-2.0
// What the admin address serves about a snapshot.
#pragma once

#include <string>

#include "runtime/program/program.h"
#include "runtime/steer/steer.h"

namespace smic::proxy {

// The manifest that is enforced, as JSON, and beside it `targets`: of each unit, for which CPU the
// code is that decides, or "portable".
std::string config_document(const program::Snapshot* snapshot);

// How many units are decided by code for which CPU, and how many by their tables.
std::string target_metrics(const program::Snapshot* snapshot);

// {"reviews.shop.mesh": {"9080": "127.83.4.5:9080"}}: a contract (issue 2 §5).
std::string addresses_document(const program::Snapshot* snapshot);

// "steered", "bound", "unavailable".
std::string_view word_of(steer::RangeStatus::How how);
std::string steering_document(const std::vector<steer::RangeStatus>& ranges,
                              const std::vector<steer::Proof>& proofs);
std::string steering_metrics(const std::vector<steer::RangeStatus>& ranges,
                             const std::vector<steer::Proof>& proofs);

}  // namespace smic::proxy
