// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "cli/cli.h"

int main(int argc, char** argv) {
  // A reader that has seen enough (`| head`) is no failure: writes fail and the command ends.
  std::signal(SIGPIPE, SIG_IGN);
  std::ios::sync_with_stdio(false);
  const char* no_colour = std::getenv("NO_COLOR");
  smic::cli::Console console{std::cout, std::cerr, isatty(STDOUT_FILENO) == 1,
                             isatty(STDERR_FILENO) == 1,
                             no_colour == nullptr || *no_colour == '\0'};
  const std::vector<std::string> words(argv + 1, argv + argc);
  const int code = smic::cli::run(words, console);
  std::cout.flush();
  return code;
}
