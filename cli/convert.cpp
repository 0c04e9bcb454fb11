// SPDX-License-Identifier: Apache-2.0
// Manifests in another version of their kinds. What is no SMI object is passed on as it is, so that
// a whole file goes through; comments do not.
#include <ostream>

#include "base/command_line.h"
#include "cli/input.h"
#include "compiler/resources/convert.h"

namespace smic::cli {
namespace {

struct Options {
  std::optional<resources::ConversionGoal> goal;
  bool json = false;
};

Syntax syntax_of(Options& options) {
  Syntax syntax;
  syntax.command = "smic convert";
  syntax.operands = "PATH...";
  syntax.least = 1;
  syntax.about =
      "Writes manifests with their SMI objects in another version. What a version cannot say is\n"
      "kept in an annotation, conversion.smic.dev/…, and restored on the way back; compiling\n"
      "reads it too. Other objects are passed on, comments are not.";
  syntax.options = {
      {"--to", "[GROUP/]VERSION", "such as v1alpha4, or split.smi-spec.io/v1alpha2",
       [&options](const std::string& given) -> Taken {
         options.goal = resources::parse_goal(given);
         if (!options.goal) {
           return UsageError('`' + given + "` is not a version of SMI, v1alpha1 to v1alpha4");
         }
         return {};
       }},
      choice<bool>("--format", {{"yaml", false}, {"json", true}}, options.json,
                   "YAML documents, or a JSON object a line (default: yaml)")};
  syntax.ending =
      "examples:\n"
      "  smic convert --to v1alpha4 old/ > new.yaml\n"
      "  kubectl get trafficsplits -A -o yaml | smic convert --to split.smi-spec.io/v1alpha2 -\n\n"
      "exit: 0 done, 1 a file cannot be read, 2 some objects are as they were (stderr says "
      "which),\n"
      "64 wrong usage";
  return syntax;
}

}  // namespace

int run_convert(Words words, Console& console) {
  Options options;
  const Syntax syntax = syntax_of(options);
  const auto begun = start(syntax, words, console.out, console.err);
  if (begun.exit_code) return *begun.exit_code;
  if (!options.goal) return wrong_usage(syntax, "it needs --to=VERSION", console.err);
  const auto sources = read_input(begun.operands);
  if (!sources) return world_failed("convert", sources.error(), console);

  Diagnostics diagnostics(*sources);
  bool first = true;
  for (const auto& object : resources::convert_all(*sources, *options.goal, diagnostics)) {
    if (options.json) {
      console.out << print_json(object) << '\n';
    } else {
      console.out << (std::exchange(first, false) ? "" : "---\n") << print_yaml(object);
    }
  }
  show_diagnostics(diagnostics, console);
  return code_of(diagnostics);
}

}  // namespace smic::cli
