// SPDX-License-Identifier: Apache-2.0
// Options of programs that compile: which CPUs code is made for.
#pragma once

#include <string>
#include <vector>

#include "base/command_line.h"

namespace smic {

// `--targets T,…`, sorted and each once as CompileOptions wants them; `portable` alone is none.
// `standard` says in help what is done without it.
Option targets_option(std::vector<std::string>& targets, const std::string& standard);

// Every target that there is, sorted.
std::vector<std::string> all_targets();

}  // namespace smic
