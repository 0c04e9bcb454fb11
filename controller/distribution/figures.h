// SPDX-License-Identifier: Apache-2.0
// What the hub did, and how many nodes enforce what is now, for /metrics.
#pragma once

#include <string>

#include "controller/distribution/hub.h"

namespace smic::distribution {

std::string metrics_of(const HubFigures& figures, const Status& status);

}  // namespace smic::distribution
