// SPDX-License-Identifier: Apache-2.0
// Each object is a source of its own, named after it. What people write becomes YAML again, so that
// a mistake has its line; Pods and slices, of which there are the most, stay as the API gave them.
//
// Tested on a real API server by tests/system/check_cluster_test.py.
#include "cli/cluster_input.h"

#include "cli/input.h"
#include "compiler/resources/value.h"
#include "controller/kube/kube.h"

namespace smic::cli {
namespace {

constexpr std::size_t kPage = 500;

bool is_written_by_people(const std::string& kind) {
  return kind != "Pod" && kind != "EndpointSlice";
}

void add(const kube::WatchedKind& kind, const kube::Object& object, Sources& sources) {
  const std::string name =
      kind.kind + '/' + (object.ns.empty() ? "" : object.ns + '/') + object.name;
  const auto value = is_written_by_people(kind.kind) ? resources::value_of_json(object.text)
                                                     : std::nullopt;
  if (value) {
    sources.add(name + ".yaml", print_yaml(*value));
  } else {
    sources.add(name + ".json", object.text);
  }
}

Result<Sources> read_cluster(const ClusterInput& cluster) {
  auto config = kube::read_kubeconfig(cluster.kubeconfig, cluster.context);
  if (!config) return std::unexpected(config.error());
  const kube::Stop stop;
  kube::Client client(std::move(*config), stop);
  Sources sources;
  for (const kube::WatchedKind& kind : kube::watched_kinds()) {
    const auto listed = kube::list_kind(client, kind, kPage);
    if (!listed && kind.has_crd && listed.error().fault == kube::Fault::not_found) continue;
    if (!listed) return fail(listed.error().told());
    for (const kube::Object& object : listed->objects) add(kind, object, sources);
  }
  return sources;
}

}  // namespace

void add_cluster_options(ClusterInput& cluster, model::Options& model,
                         std::vector<Option>& options) {
  options.push_back(text("--kubeconfig", "FILE", cluster.kubeconfig,
                         "the objects of a cluster instead of manifests: where its API\n"
                         "is and who we are; needs the rights of the ClusterRole\n"
                         "smic-read, and writes nothing"));
  options.push_back(text("--context", "NAME", cluster.context,
                         "of the kubeconfig (default: its current one)"));
  options.push_back(text("--namespace", "NAME", cluster.ns,
                         "of smic itself in the cluster, which is not meshed (default:\n"
                         "smic-system)"));
  add_scope_options(model,
                    "none; of a\ncluster kube-system,kube-public,kube-node-lease,\n"
                    "default/kubernetes)",
                    options);
}

Taken check(const ClusterInput& cluster, const std::vector<std::string>& paths) {
  if (cluster.kubeconfig.empty() && paths.empty()) {
    return UsageError("it needs a PATH, or --kubeconfig=FILE");
  }
  if (!cluster.kubeconfig.empty() && !paths.empty()) {
    return UsageError("a PATH and --kubeconfig exclude each other");
  }
  if (cluster.kubeconfig.empty() && !cluster.context.empty()) {
    return UsageError("--context is of a --kubeconfig");
  }
  return {};
}

Result<Sources> read_input(const ClusterInput& cluster, const std::vector<std::string>& paths,
                           model::Options& model) {
  if (cluster.kubeconfig.empty()) return read_input(paths);
  if (model.exclude.empty()) model.exclude = system_services();
  model.exclude.push_back(cluster.ns);
  return read_cluster(cluster);
}

}  // namespace smic::cli
