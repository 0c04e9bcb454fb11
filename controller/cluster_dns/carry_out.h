// SPDX-License-Identifier: Apache-2.0
// A plan made real, each write only onto the text that was read.
#pragma once

#include <string>

#include "controller/cluster_dns/plan.h"
#include "controller/cluster_dns/running.h"

namespace smic::cluster_dns {

// Beside the DNS's own, so that it outlives smic's namespace.
inline constexpr std::string_view kBackup = "smic-dns-backup";

// What stands there without anything of ours, by the name CONFIGMAP.KEY. What an earlier backup
// holds of a text that has our block by now stays.
Outcome<void> back_up(kube::Client& client, const Running& running, const Plan& plan);
Outcome<void> remove_backup(kube::Client& client, const Running& running);

// All edits or none: what was written is taken back where a later one fails.
Outcome<void> write(kube::Client& client, const Plan& plan);
// Puts back what was there before, where nobody else has written since.
Outcome<void> undo(kube::Client& client, const Plan& plan);

// Pods that are touched see the change at once. Two changes of an annotation, the second of which
// takes it away again, so that nothing of it stays.
void touch(kube::Client& client, const Running& running);

}  // namespace smic::cluster_dns
