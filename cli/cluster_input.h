// SPDX-License-Identifier: Apache-2.0
// The objects of a running cluster in the place of manifests: `--kubeconfig FILE` of the commands
// that look at manifests. They are read once, and nothing is ever written.
#pragma once

#include <string>
#include <vector>

#include "base/command_line.h"
#include "compiler/compile.h"

namespace smic::cli {

struct ClusterInput {
  std::string kubeconfig;  // empty: manifests
  std::string context;
  std::string ns = "smic-system";  // smic's own, which is never meshed
};

// `--kubeconfig` and what goes with it. Fills `cluster` and `model`, which must outlive them.
void add_cluster_options(ClusterInput& cluster, model::Options& model,
                         std::vector<Option>& options);

// Paths or a cluster, and one of them.
Taken check(const ClusterInput& cluster, const std::vector<std::string>& paths);

// What there is to read: the manifests, or what the cluster has. For a cluster `model` then leaves
// out what the controller does.
Result<Sources> read_input(const ClusterInput& cluster, const std::vector<std::string>& paths,
                           model::Options& model);

}  // namespace smic::cli
