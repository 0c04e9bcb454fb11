// SPDX-License-Identifier: Apache-2.0
// The cluster's DNS as it runs: from its Service to the endpoints behind it, to their pods, to the
// one ConfigMap that all of them run by.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "controller/cluster_dns/read_pod.h"
#include "controller/cluster_dns/trouble.h"
#include "controller/kube/client.h"

namespace smic::cluster_dns {

// A ready endpoint that answers DNS by UDP.
struct Server {
  std::string address;
  std::uint16_t port = 53;
  std::string pod;  // in the Service's namespace; empty: it is no pod

  bool operator==(const Server&) const = default;
};

struct Running {
  std::string ns;
  std::string service;
  std::vector<Server> servers;  // at least one
  PodConfiguration configuration;
};

inline constexpr std::string_view kDnsNamespace = "kube-system";

// `kube-dns` in kube-system, the name that kubeadm, kops and the clouds keep for old clients' sake;
// else (RKE2) the one Service there that is labelled k8s-app=kube-dns.
Outcome<Running> find_dns(kube::Client& client);

// Who answers for the mesh: the Service's own addresses, as `forward` takes them, and the ready
// endpoints behind it.
struct Responders {
  std::vector<std::string> addresses;
  std::vector<Server> servers;
};
Outcome<Responders> find_responders(kube::Client& client, const std::string& ns,
                                    const std::string& service);

}  // namespace smic::cluster_dns
