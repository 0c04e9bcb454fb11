// SPDX-License-Identifier: Apache-2.0
#include "cli/input.h"

#include <ostream>

namespace smic::cli {

Result<Sources> read_input(const std::vector<std::string>& paths) {
  return resources::read_paths(paths);
}

int world_failed(std::string_view command, const Error& error, Console& console) {
  console.err << "smic " << command << ": " << error.message << '\n';
  return kWorldFailed;
}

void show_diagnostics(const Diagnostics& diagnostics, Console& console) {
  console.err << render(diagnostics, DiagnosticsFormat::human, console.colour_err());
}

int code_of(const Diagnostics& diagnostics) {
  return diagnostics.has_errors() ? kInputHasErrors : kDone;
}

}  // namespace smic::cli
