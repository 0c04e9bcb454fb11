// SPDX-License-Identifier: Apache-2.0
#include <ostream>

#include "cli/cli.h"
#include "contract/contract.h"

namespace smic::cli {

int run_version(Words words, Console& console) {
  Syntax syntax;
  syntax.command = "smic version";
  syntax.most = 0;
  syntax.about = "Says which smic this is, and which formats it reads and writes.";
  if (auto begun = start(syntax, words, console.out, console.err); begun.exit_code)
    return *begun.exit_code;
  console.out << "smic " SMIC_VERSION " (decision ABI " << contract::kAbiVersion
              << ", image format " << contract::kImageVersion << ")\n";
  return kDone;
}

}  // namespace smic::cli
