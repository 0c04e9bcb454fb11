// SPDX-License-Identifier: Apache-2.0
// What check, explain and compile share: PATH… to sources, and diagnostics to stderr.
#pragma once

#include <string>
#include <vector>

#include "base/command_line.h"
#include "cli/cli.h"
#include "compiler/compile.h"
#include "compiler/meaning_options.h"

namespace smic::cli {

Result<Sources> read_input(const std::vector<std::string>& paths);

// Exit code 1 with the reason.
int world_failed(std::string_view command, const Error& error, Console& console);

// Renders for a person: colour on a terminal.
void show_diagnostics(const Diagnostics& diagnostics, Console& console);

int code_of(const Diagnostics& diagnostics);

}  // namespace smic::cli
