// SPDX-License-Identifier: Apache-2.0
// The stub manager as one concern of the controller: what zones it leads to the mesh follows from
// the manifest that the proxies answer from.
#pragma once

#include <memory>

#include "controller/cluster_dns/manager.h"
#include "controller/component.h"

namespace smic::cluster_dns {

// `client` and `stop` outlive it. What keeps the cluster's DNS from being led to the mesh is told
// by log lines and keeps nobody from being ready: without it, mesh names fail, and nothing else.
std::unique_ptr<controller::Component> component(kube::Client& client, const kube::Stop& stop,
                                                 ManagerOptions options, Manager::Leads leads,
                                                 Manager::Tell tell = {});

// For /metrics.
std::string metrics_of(const State& state);

Wish wish_of(const contract::Names& names);

}  // namespace smic::cluster_dns
