// SPDX-License-Identifier: Apache-2.0
// What `smic status` says.
#pragma once

#include <span>
#include <string>

#include "controller/distribution/hub.h"

namespace smic::cli {

struct Wanted {
  std::uint64_t version = 0;  // 0 = what the controller has now
};

// Of several controllers: a node as the one tells it that it follows, or else the one that heard of
// it last. The version is the highest one.
distribution::Status together(std::span<const distribution::Status> answers);

bool enforces(const distribution::NodeStatus& node, const Wanted& wanted);
// Also false if there is no state yet, or no node.
bool all_enforce(const distribution::Status& status, const Wanted& wanted);

std::string status_table(const distribution::Status& status, const Wanted& wanted,
                         distribution::Clock::time_point now);

}  // namespace smic::cli
