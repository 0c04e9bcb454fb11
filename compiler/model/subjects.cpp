// SPDX-License-Identifier: Apache-2.0
// Who a TrafficTarget speaks of. A service account that does not exist keeps its place in the rule:
// nobody has it now, and when a pod comes that does, the rule already knows it. Any other kind of
// subject is nobody, so a target with such a destination allows nothing.
#include <algorithm>

#include "compiler/model/access_stages.h"

namespace smic::model {

// Service accounts exist as an object, or because a pod or a template uses them.
Subjects::Subjects(const resources::Set& set, const Options& options, Diagnostics& diagnostics)
    : options_(options), diagnostics_(diagnostics), left_out_(set) {
  for (const auto& account : set.service_accounts) add_account(name_of(account.meta));
  for (const auto& pod : set.pods) add_account({pod.meta.ns.value, pod.shape.service_account});
  for (const auto& workload : set.workloads) {
    add_account({workload.meta.ns.value, workload.shape.service_account});
  }
}

void Subjects::add_account(const Name& name) {
  if (accounts_.insert(name).second) account_names_.add(name);
}

std::optional<Identity> Subjects::destination(const resources::TrafficTarget& target) {
  const resources::Subject& subject = target.destination;
  const std::string& own = target.meta.ns.value;
  const bool foreign = !subject.ns.value.empty() && subject.ns.value != own;
  if (foreign && !options_.allow_foreign_destination) {
    diagnostics_.report(
        "E10", subject.ns.span,
        "TrafficTarget `" + target.meta.name.value + "` in namespace `" + own +
            "` cannot allow traffic to namespace `" + subject.ns.value + "`",
        "create it in namespace `" + subject.ns.value + "`, whose owners decide who may call them");
    return std::nullopt;
  }
  return identity(subject, own);
}

std::vector<Identity> Subjects::sources(const resources::TrafficTarget& target) {
  std::vector<Identity> sources;
  for (const resources::Subject& subject : target.sources) {
    auto found = identity(subject, target.meta.ns.value);
    if (found) sources.push_back(std::move(*found));
  }
  std::ranges::sort(sources);
  const auto repeated = std::ranges::unique(sources);
  sources.erase(repeated.begin(), repeated.end());
  return sources;
}

std::optional<Identity> Subjects::identity(const resources::Subject& subject,
                                           const std::string& own_ns) {
  const std::string& ns = subject.ns.value.empty() ? own_ns : subject.ns.value;
  const Name name(ns, subject.name.value);
  const bool is_account = subject.kind.value == "ServiceAccount";
  // Kubernetes creates `default` with every namespace.
  const bool exists = is_account && (name.second == "default" || accounts_.contains(name));
  if (!exists && !left_out_.has(subject.kind.value, name)) {
    diagnostics_.report("W04", subject.name.span,
                        subject.kind.value + " `" + subject.name.value + "` in namespace `" + ns +
                            "` does not exist, so it stands for no pod",
                        is_account ? account_names_.suggest(name) : std::string());
  }
  if (!is_account) return std::nullopt;
  return Identity{ns, subject.name.value};
}

}  // namespace smic::model
