// SPDX-License-Identifier: Apache-2.0
// smic-controller: reads its options, and runs controller/daemon.
#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "compiler/settings/settings.h"
#include "controller/daemon/daemon.h"

using namespace smic;

int main(int argc, char** argv) {
  controller::Configuration given;
  const Syntax syntax = controller::syntax_of(given);
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (const auto code = settings::start({syntax, &given.config}, words, std::cout, std::cerr)) {
    return *code;
  }
  if (const auto reason = controller::contradiction(given)) {
    return wrong_usage(syntax, *reason, std::cerr);
  }
  configure_log(given.log_format, given.log_level);
  settings::log_in_force(syntax);
  // Blocked before any thread exists, so that the one that waits gets them.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return controller::run(given, signals, [&]() -> Result<controller::Configuration> {
    controller::Configuration fresh;
    const settings::Daemon daemon{controller::syntax_of(fresh), &fresh.config};
    if (auto read = settings::read_again(daemon, words); !read) {
      return std::unexpected(read.error());
    }
    return fresh;
  });
}
