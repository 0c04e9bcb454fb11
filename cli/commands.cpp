// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <ostream>
#include <vector>

#include "cli/cli.h"
#include "compiler/diagnostics/diagnostics.h"

namespace smic::cli {
namespace {

constexpr std::array kCommands{
    Command{"check", "say what is wrong with manifests", run_check},
    Command{"explain", "say what happens to a request, and which lines decide", run_explain},
    Command{"compile", "manifests to rule IR, native code or images", run_compile},
    Command{"convert", "manifests to another version of SMI", run_convert},
    Command{"up", "run the mesh of a directory on this machine", run_up},
    Command{"status", "say what every node enforces, and wait for it", run_status},
    Command{"dns", "forward mesh names in a cluster's DNS configuration", run_dns},
    Command{"echo", "a small backend that says who it is", run_echo},
    Command{"version", "what this is", run_version},
};

std::string help() {
  std::string text =
      "usage: smic COMMAND [ARGUMENT]...\n\n"
      "A service mesh without sidecars: compiles SMI manifests to native code and enforces "
      "them.\n\n"
      "commands:\n";
  for (const Command& command : kCommands) {
    std::string row = "  " + std::string(command.name);
    row.resize(12, ' ');
    text += row + std::string(command.summary) + '\n';
  }
  return text +
         "\n"
         "`smic COMMAND --help` says more. A PATH is a file, a directory or - for stdin; YAML, "
         "JSON\n"
         "and .smir alike.\n\n"
         "examples:\n"
         "  smic check examples/canary\n"
         "  smic explain examples/canary --from shop/web --to reviews.shop --path /reviews/7\n"
         "  smic up examples/canary --admin 127.0.0.1:9901\n\n"
         "exit: 0 done, 1 the world failed, 2 the input has errors, 64 wrong usage\n";
}

int unknown_command(const std::string& name, Console& console) {
  std::vector<std::string> names;
  for (const Command& command : kCommands) names.emplace_back(command.name);
  const std::string help = suggest(name, names);
  console.err << "smic: there is no command `" << name << '`' << (help.empty() ? "" : "; " + help)
              << " (smic --help)\n";
  return kWrongUsage;
}

}  // namespace

std::span<const Command> commands() { return kCommands; }

int run(Words words, Console& console) {
  if (words.empty()) {
    console.err << help();
    return kWrongUsage;
  }
  const std::string& name = words.front();
  if (name == "--help" || name == "-h" || name == "help") {
    console.out << help();
    return kDone;
  }
  if (name == "--version") return run_version({}, console);
  const auto found = std::ranges::find(kCommands, name, &Command::name);
  if (found == kCommands.end()) return unknown_command(name, console);
  return found->run(words.subspan(1), console);
}

}  // namespace smic::cli
