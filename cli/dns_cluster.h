// SPDX-License-Identifier: Apache-2.0
// `smic dns` where it does not edit a file, but a cluster's own DNS: by the code of the controller.
#pragma once

#include <string>

#include "cli/cli.h"
#include "controller/dns/dns_stub.h"

namespace smic::cli {

enum class DnsVerb { plan, apply, restore };

struct DnsCluster {
  std::string kubeconfig;  // empty: we run in a pod of it
  std::string context;
  std::string ns = "smic-system";  // where the Service smic-dns is
  unsigned seconds = 180;          // to wait at most
  bool wait = false;
};

// Runs in a pod?
bool in_a_cluster();

// `stub`: zones as given; to them come those of the namespaces that have opted in. Without
// responders the Service's addresses are taken.
int change_cluster_dns(DnsVerb verb, const DnsCluster& cluster, dns_stub::Stub stub,
                       Console& console);

}  // namespace smic::cli
