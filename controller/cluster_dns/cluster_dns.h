// SPDX-License-Identifier: Apache-2.0
// The front door of controller/cluster_dns: the stub manager at work on a live cluster (DESIGN §7).
// controller/dns thinks about texts; this finds the texts, writes them, and sees whether the
// cluster's DNS lives by them.
//   read_pod.h   which ConfigMap a DNS pod runs by, from the pod itself
//   running.h    the cluster's DNS: found by its Service, endpoints and pods; never by image tags
//   plan.h       what is to be written where: an import hook, the Corefile, or stubDomains
//   carry_out.h  written with a precondition, backed up, the pods touched; rolled back
//   ask.h        one question by UDP
//   verify.h     does every server of it answer as it should?
//   manager.h    all of that again and again, as a component of the controller
//
// What it promises: nothing is written that was not understood; what does not go live within its
// time is taken back; names outside of our zones are asked before and after, and must be answered
// as before; what is taken out leaves the data as they were, byte for byte. Deliberately absent:
// what zones there are (the caller's), and who may write (leader election is).
#pragma once

#include "controller/cluster_dns/carry_out.h"
#include "controller/cluster_dns/manager.h"
#include "controller/cluster_dns/plan.h"
#include "controller/cluster_dns/running.h"
#include "controller/cluster_dns/verify.h"
