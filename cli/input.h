// SPDX-License-Identifier: Apache-2.0
// What check, explain and compile share: PATH… to sources, and diagnostics to stderr.
#pragma once

#include <string>
#include <vector>

#include "base/command_line.h"
#include "cli/cli.h"
#include "compiler/compile.h"

namespace smic::cli {

// How manifests are read where SMI leaves a choice: the access mode, and what else the decisions of
// its reference make an option. Every command that reads manifests has them.
void add_meaning_options(model::Options& target, std::vector<Option>& options);

Result<Sources> read_input(const std::vector<std::string>& paths);

// Exit code 1 with the reason.
int world_failed(std::string_view command, const Error& error, Console& console);

// Renders for a person: colour on a terminal.
void show_diagnostics(const Diagnostics& diagnostics, Console& console);

int code_of(const Diagnostics& diagnostics);

}  // namespace smic::cli
