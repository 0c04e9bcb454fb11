// SPDX-License-Identifier: Apache-2.0
// Diagnostics and nothing else. The JSON document is a contract (DESIGN §10).
#include <ostream>

#include "base/command_line.h"
#include "cli/cluster_input.h"
#include "cli/input.h"

namespace smic::cli {
namespace {

struct Options {
  ClusterInput cluster;
  CompileOptions compile;
  DiagnosticsFormat format = DiagnosticsFormat::human;
};

Syntax syntax_of(Options& options) {
  Syntax syntax;
  syntax.command = "smic check";
  syntax.operands = "[PATH...]";
  syntax.about =
      "Says what is wrong with manifests: every mistake with its place, its code and what to do.\n"
      "A PATH is a file, a directory or - for stdin; YAML, JSON and .smir alike. With "
      "--kubeconfig\n"
      "it looks at what a cluster has.";
  syntax.options = {
      choice<DiagnosticsFormat>("--format",
                                {{"human", DiagnosticsFormat::human},
                                 {"plain", DiagnosticsFormat::plain},
                                 {"json", DiagnosticsFormat::json},
                                 {"sarif", DiagnosticsFormat::sarif}},
                                options.format,
                                "with source lines, a line each, or one document for tools\n"
                                "(default: human)")};
  add_cluster_options(options.cluster, options.compile.model, syntax.options);
  add_meaning_options(options.compile.model, syntax.options);
  syntax.ending =
      "examples:\n"
      "  smic check examples/canary\n"
      "  helm template chart | smic check -\n"
      "  smic check --format=json examples | jq '.diagnostics[].message'\n"
      "  smic check --kubeconfig ~/.kube/config\n\n"
      "exit: 0 no errors (there may be warnings), 1 a file or the cluster cannot be read, 2 "
      "errors, 64\n"
      "wrong usage";
  return syntax;
}

std::size_t count(const resources::Set& set) {
  return set.namespaces.size() + set.service_accounts.size() + set.services.size() +
         set.endpoint_slices.size() + set.pods.size() + set.workloads.size() +
         set.http_route_groups.size() + set.tcp_routes.size() + set.udp_routes.size() +
         set.traffic_targets.size() + set.traffic_splits.size() + set.identity_bindings.size();
}

std::string plural(std::size_t count, std::string_view noun) {
  return std::to_string(count) + ' ' + std::string(noun) + (count == 1 ? "" : "s");
}

// "no problems in 14 resources", "2 errors and 1 warning".
std::string summary(const Diagnostics& diagnostics, const Frontend& front) {
  const std::size_t errors = diagnostics.error_count();
  const std::size_t warnings = diagnostics.warning_count();
  if (errors > 0 && warnings > 0)
    return plural(errors, "error") + " and " + plural(warnings, "warning");
  if (errors > 0) return plural(errors, "error");
  if (warnings > 0) return plural(warnings, "warning");
  // A .smir input has units and no resources.
  const bool rule_ir = count(front.resources) == 0 && !front.units.empty();
  return "no problems in " + (rule_ir ? plural(front.units.size(), "unit")
                                      : plural(count(front.resources), "resource"));
}

}  // namespace

int run_check(Words words, Console& console) {
  Options options;
  const Syntax syntax = syntax_of(options);
  const auto begun = start(syntax, words, console.out, console.err);
  if (begun.exit_code) return *begun.exit_code;
  if (const auto fine = check(options.cluster, begun.operands); !fine) {
    return wrong_usage(syntax, fine.error(), console.err);
  }
  const auto sources = read_input(options.cluster, begun.operands, options.compile.model);
  if (!sources) return world_failed("check", sources.error(), console);

  Diagnostics diagnostics(*sources);
  const Frontend front = analyze(*sources, options.compile, diagnostics);
  console.out << render(diagnostics, options.format, console.colour_out());
  if (options.format == DiagnosticsFormat::human) {
    console.out << summary(diagnostics, front) << '\n';
  }
  return code_of(diagnostics);
}

}  // namespace smic::cli
