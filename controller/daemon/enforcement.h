// SPDX-License-Identifier: Apache-2.0
// What distribution hears from nodes, as controller/status asks for it.
#pragma once

#include <memory>

#include "controller/distribution/distribution.h"
#include "controller/status/status.h"

namespace smic::controller {

std::unique_ptr<status::Enforcement> enforcement_by(std::shared_ptr<distribution::Hub> hub);

}  // namespace smic::controller
