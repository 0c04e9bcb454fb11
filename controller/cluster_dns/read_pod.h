// SPDX-License-Identifier: Apache-2.0
// Which configuration a DNS pod runs by: from its containers' arguments to the volume that holds
// the file they name, to the ConfigMap that the volume is made of. Image tags and object names are
// nobody's promise; the arguments are what the program reads.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "controller/cluster_dns/trouble.h"

namespace smic::cluster_dns {

enum class Kind { coredns, kube_dns };

struct PodConfiguration {
  Kind kind = Kind::coredns;
  std::string config_map;  // in the pod's namespace
  std::string key;         // of its data: "Corefile", or "stubDomains"
  std::string directory;   // where the Corefile is, for imports relative to it
  // Directories of the container that are a whole ConfigMap: where files can be added.
  std::map<std::string, std::string> mounted;
  std::string cluster_domain;  // kube-dns is told by an argument; empty: not told

  bool operator==(const PodConfiguration&) const = default;
};

// `pod`: the object's JSON.
Outcome<PodConfiguration> read_pod(std::string_view pod);

}  // namespace smic::cluster_dns
