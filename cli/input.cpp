// SPDX-License-Identifier: Apache-2.0
#include "cli/input.h"

#include <ostream>

namespace smic::cli {

void add_meaning_options(model::Options& target, std::vector<Option>& options) {
  using model::HeaderMatch;
  std::vector<Option> meaning{
      choice<ir::AccessMode>(
          "--access",
          {{"enforce", ir::AccessMode::enforce}, {"permissive", ir::AccessMode::permissive}},
          target.access,
          "who may call where no TrafficTarget allows it: nobody, or\n"
          "everybody; a namespace's label smic.dev/access wins\n"
          "(default: enforce)"),
      flag("--allow-foreign-destination", target.allow_foreign_destination,
           "a TrafficTarget may open pods of another namespace (E10)"),
      flag("--allow-self-reference", target.allow_self_reference,
           "a TrafficSplit may send a share to its own root (E14)"),
      choice<HeaderMatch>("--header-match",
                          {{"full", HeaderMatch::full}, {"search", HeaderMatch::search}},
                          target.header_match,
                          "a header's pattern must match the whole value, or, as in\n"
                          "Traefik Mesh, any part of it (default: full)"),
      text("--cluster-domain", "DOMAIN", target.cluster_domain,
           "of long service names (default: cluster.local)"),
      text("--trust-domain", "DOMAIN", target.trust_domain,
           "of SPIFFE IDs (default: cluster.local)")};
  options.insert(options.end(), meaning.begin(), meaning.end());
}

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
