// SPDX-License-Identifier: Apache-2.0
// What becomes of the cluster's DNS, as Events about the Service `smic-dns`, where a person looks
// who wonders why mesh names do not resolve.
#pragma once

#include "controller/cluster_dns/manager.h"
#include "controller/daemon/daemon.h"
#include "controller/status/events.h"

namespace smic::controller {

// Nothing is told of a replica that stands by.
std::optional<status::EventText> dns_event(const cluster_dns::State& state);

// Needs a cluster.
cluster_dns::Manager::Tell tell_dns_by_events(const Surroundings& surroundings);

}  // namespace smic::controller
