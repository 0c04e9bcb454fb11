// SPDX-License-Identifier: Apache-2.0
// A file of settings: YAML whose keys are the options of a command line, without their dashes.
//
//   access: permissive          # as --access=permissive
//   leader-election: true       # as the switch; false is as leaving it out
//   exclude: [kube-*, legacy]   # as --exclude=kube-*,legacy
//
// The table of options is the one list of what there is, so that neither way can know an option
// that the other does not. Mistakes are diagnostics at their place (E70, E71). It stands in
// compiler/ because our reader of YAML does; of the node's proxy only the program links it, none of
// the libraries in runtime/.
#pragma once

#include <functional>
#include <iosfwd>
#include <optional>

#include "base/command_line.h"
#include "base/log.h"
#include "base/result.h"
#include "compiler/diagnostics/diagnostics.h"

namespace smic::settings {

// Every key of every source sets its option. What has a mistake sets nothing.
void take(const Syntax& syntax, const Sources& sources, Diagnostics& diagnostics);

// What the options of every daemon begin and end with, and what its help does.
Option config_option(std::string& file);
void add_log_options(LogFormat& format, LogLevel& level, std::vector<Option>& options);
inline constexpr const char* kDaemonExits =
    "exit: 0 after SIGINT or SIGTERM, 1 the world failed, 2 the file of settings has mistakes,\n"
    "64 wrong usage";

// The options of a daemon, from the command line and from the file that its option `--config`
// names; the command line wins.
struct Daemon {
  Syntax syntax;
  const std::string* config = nullptr;  // where `--config` goes
};

// Fills the options, or says what is wrong and gives the exit code.
std::optional<int> start(const Daemon& daemon, Words words, std::ostream& out, std::ostream& err);

// The same on SIGHUP, into options that are fresh. The error is the diagnostics' text.
Result<void> read_again(const Daemon& daemon, Words words);

// One line: every option with its value. Call it once, at start.
void log_in_force(const Syntax& syntax);

}  // namespace smic::settings
