// SPDX-License-Identifier: Apache-2.0
// Who a TrafficTarget speaks of. A service account that does not exist keeps its place in the rule:
// nobody has it now, and when a pod comes that does, the rule already knows it. A binding that does
// not exist, or any other kind of subject, is nobody.
#include <algorithm>

#include "compiler/model/access_stages.h"

namespace smic::model {

// Service accounts exist as an object, or because a pod or a template uses them.
Subjects::Subjects(const resources::Set& set, const PodIdentities& pods, const Options& options,
                   Diagnostics& diagnostics)
    : pods_(pods),
      options_(options),
      diagnostics_(diagnostics),
      bindings_(set, pods, options, diagnostics),
      left_out_(set),
      account_names_("ServiceAccount", options) {
  for (const auto& pod : set.pods) add_user({pod.meta.ns.value, pod.shape.service_account});
  for (const auto& workload : set.workloads) {
    add_user({workload.meta.ns.value, workload.shape.service_account});
  }
  accounts_ = used_;
  for (const auto& account : set.service_accounts) accounts_.insert(name_of(account.meta));
  for (const Name& account : accounts_) account_names_.add(account);
}

bool Subjects::accounts_have_users() const {
  return options_.surroundings ? options_.surroundings->accounts_have_users() : !used_.empty();
}

void Subjects::add_user(const Name& account) { used_.insert(account); }

std::vector<Identity> Subjects::destinations(const resources::TrafficTarget& target) {
  const resources::Subject& subject = target.destination;
  const std::string& own = target.meta.ns.value;
  const bool foreign = !subject.ns.value.empty() && subject.ns.value != own;
  if (foreign && !options_.allow_foreign_destination) {
    diagnostics_.report(
        "E10", subject.ns.span,
        "TrafficTarget `" + target.meta.name.value + "` in namespace `" + own +
            "` cannot allow traffic to namespace `" + subject.ns.value + "`",
        "create it in namespace `" + subject.ns.value + "`, whose owners decide who may call them");
    return {};
  }
  return identities(subject, own);
}

std::vector<Identity> Subjects::sources(const resources::TrafficTarget& target) {
  std::vector<Identity> sources;
  for (const resources::Subject& subject : target.sources) {
    std::ranges::move(identities(subject, target.meta.ns.value), std::back_inserter(sources));
  }
  std::ranges::sort(sources);
  const auto repeated = std::ranges::unique(sources);
  sources.erase(repeated.begin(), repeated.end());
  return sources;
}

std::vector<Identity> Subjects::identities(const resources::Subject& subject,
                                           const std::string& own_ns) {
  const std::string& ns = subject.ns.value.empty() ? own_ns : subject.ns.value;
  const Name name(ns, subject.name.value);
  if (subject.kind.value == "ServiceAccount") return account(subject, name);
  if (subject.kind.value == "IdentityBinding") return binding(subject, name);
  return {};
}

std::vector<Identity> Subjects::account(const resources::Subject& subject, const Name& name) {
  const bool exists = name.second == "default" || accounts_.contains(name);  // in every namespace
  if (!exists) {
    tell_nobody(subject, name, "does not exist", account_names_.suggest(name));
  } else if (accounts_have_users() &&
             !used_.contains(name)) {  // plain manifests say nothing about pods
    tell_nobody(subject, name, "is the account of no pod");
  }
  return pods_.of_account({std::string(name.first), std::string(name.second)});
}

std::vector<Identity> Subjects::binding(const resources::Subject& subject, const Name& name) {
  const std::vector<Identity>* found = bindings_.find(name);
  if (found == nullptr) {
    tell_nobody(subject, name, "does not exist", bindings_.suggest(name));
    return {};
  }
  if (found->empty()) tell_nobody(subject, name, "covers no pod and no service account");
  return *found;
}

void Subjects::tell_nobody(const resources::Subject& subject, const Name& name,
                           std::string_view why, std::string help) {
  if (left_out_.has(subject.kind.value, name)) return;
  diagnostics_.report("W04", subject.name.span,
                      subject.kind.value + " `" + subject.name.value + "` in namespace `" +
                          std::string(name.first) + "` " + std::string(why) +
                          ", so it stands for no pod",
                      std::move(help));
}

}  // namespace smic::model
