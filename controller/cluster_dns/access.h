// SPDX-License-Identifier: Apache-2.0
// The few objects of the API that this folder reads and writes, taken out of their JSON and put
// into it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "controller/cluster_dns/running.h"
#include "controller/cluster_dns/trouble.h"
#include "controller/kube/client.h"

namespace smic::cluster_dns {

struct Service {
  std::string name;
  std::vector<std::string> cluster_ips;  // without "None"
  std::uint16_t dns_port = 0;            // of UDP; 0: it has none
};

struct ConfigMap {
  std::string ns;
  std::string name;
  std::string version;  // resourceVersion; empty: it is not there
  std::map<std::string, std::string> data;
  bool immutable = false;
  bool ours = false;  // made by us, so that it goes when nothing is left in it

  bool exists() const { return !version.empty(); }
  const std::string* find(const std::string& key) const;
};

Outcome<std::optional<Service>> read_service(kube::Client& client, const std::string& ns,
                                             const std::string& name);
Outcome<std::vector<Service>> list_services(kube::Client& client, const std::string& ns,
                                            const std::string& selector);
// Ready ones with a UDP port, in the order of their addresses.
Outcome<std::vector<Server>> read_endpoints(kube::Client& client, const std::string& ns,
                                            const std::string& service);
Outcome<std::string> read_pod_text(kube::Client& client, const std::string& ns,
                                   const std::string& name);
// Namespaces that have opted in whole.
Outcome<std::vector<std::string>> read_plain_namespaces(kube::Client& client);

Outcome<ConfigMap> read_config_map(kube::Client& client, const std::string& ns,
                                   const std::string& name);
// Nothing: the key goes. A write by somebody else since it was read is a conflict.
Outcome<void> write_value(kube::Client& client, const ConfigMap& read, const std::string& key,
                          const std::optional<std::string>& value);
Outcome<void> remove_config_map(kube::Client& client, const ConfigMap& read);

// A change of a pod is what makes kubelet look at the pod's volumes at once; otherwise it does so
// once in a minute or more.
Outcome<void> annotate_pod(kube::Client& client, const std::string& ns, const std::string& name,
                           const std::optional<std::string>& mark);

}  // namespace smic::cluster_dns
