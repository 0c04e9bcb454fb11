// SPDX-License-Identifier: Apache-2.0
// The front door of cli/: the words of a command line in, text on two streams and an exit code out.
// Each command is one file and one function here; main.cpp only picks it. Deliberately absent: what
// a mesh is. Commands call the libraries and say what came of it.
//   input.h         PATH… to sources, diagnostics to stderr
//   explanation.h   the decision behind `smic explain`
//   echo_server.h   the backend behind `smic echo`
//   status_report.h what `smic status` says
//   up_report.h, free_addresses.h   what `smic up` says, and what it asks first
#pragma once

#include <iosfwd>
#include <span>
#include <string>
#include <string_view>

#include "base/command_line.h"

namespace smic::cli {

// Where a command's words go. Colour and progress only on a terminal, and never with NO_COLOR.
struct Console {
  std::ostream& out;
  std::ostream& err;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  bool colour_wanted = true;

  bool colour_out() const { return out_is_terminal && colour_wanted; }
  bool colour_err() const { return err_is_terminal && colour_wanted; }
};

struct Command {
  std::string_view name;
  std::string_view summary;
  int (*run)(Words words, Console& console);
};

// In the order a person meets them.
std::span<const Command> commands();

// `smic WORDS…` without the program's own name.
int run(Words words, Console& console);

int run_check(Words words, Console& console);
int run_explain(Words words, Console& console);
int run_compile(Words words, Console& console);
int run_convert(Words words, Console& console);
int run_up(Words words, Console& console);
int run_status(Words words, Console& console);
int run_dns(Words words, Console& console);
int run_echo(Words words, Console& console);
int run_version(Words words, Console& console);

}  // namespace smic::cli
