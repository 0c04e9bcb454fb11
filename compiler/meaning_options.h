// SPDX-License-Identifier: Apache-2.0
// How manifests are read where SMI leaves a choice: the access mode, and what else the decisions of
// its reference make an option (docs/decisions.md). Every program that reads manifests has all of
// them, by one table, so that `smic check` means what the controller does.
#pragma once

#include <string>
#include <vector>

#include "base/command_line.h"
#include "compiler/model/model.h"

namespace smic {

// Options that fill `target`, which must outlive them.
void add_meaning_options(model::Options& target, std::vector<Option>& options);

// Which Services are meshed, where nothing else says it; `standard` is what --exclude is in help.
void add_scope_options(model::Options& target, const std::string& standard,
                       std::vector<Option>& options);

// What --exclude is in a cluster: what runs the cluster, and its API. The mesh's own namespace
// joins them.
std::vector<std::string> system_services();

}  // namespace smic
