// SPDX-License-Identifier: Apache-2.0
#include "compiler/model/pod_identities.h"

namespace smic::model {
namespace {

// By name, so that a pod's identity has one spelling.
std::vector<const resources::IdentityBinding*> by_labels(const resources::Set& set) {
  std::vector<const resources::IdentityBinding*> bindings;
  for (const resources::IdentityBinding& binding : set.identity_bindings) {
    if (!binding.pod_labels.empty()) bindings.push_back(&binding);
  }
  std::ranges::sort(bindings, {}, [](const auto* binding) { return name_of(binding->meta); });
  return bindings;
}

}  // namespace

PodIdentities::PodIdentities(const resources::Set& set) {
  const auto bindings = by_labels(set);
  if (bindings.empty()) return;
  for (const resources::Pod& pod : set.pods) pods_.add(pod);
  for (const resources::Workload& workload : set.workloads) workloads_.add(workload);
  for (const resources::IdentityBinding* binding : bindings) select(*binding);
  add(set.pods);
  add(set.workloads);
  std::erase_if(in_use_, [](const auto& account) {
    return account.second.size() == 1 &&
           account.second.begin()->name.find(kBindingMark) == std::string::npos;
  });
}

void PodIdentities::select(const resources::IdentityBinding& binding) {
  const auto mark = [&](const auto& objects) {
    for (const auto* object : objects) {
      (bindings_of_[&object->shape] += kBindingMark) += binding.meta.name.value;
    }
  };
  mark(pods_.select(binding.meta.ns.value, binding.pod_labels));
  mark(workloads_.select(binding.meta.ns.value, binding.pod_labels));
}

template <class T>
void PodIdentities::add(const std::vector<T>& objects) {
  for (const T& object : objects) {
    in_use_[{object.meta.ns.value, object.shape.service_account}].insert(of(object));
  }
}

std::vector<Identity> PodIdentities::of_account(const Identity& account) const {
  std::set<Identity> identities{account};
  const auto found = in_use_.find({account.ns, account.name});
  if (found != in_use_.end()) identities.insert(found->second.begin(), found->second.end());
  return {identities.begin(), identities.end()};
}

std::vector<Identity> PodIdentities::selected_by(const resources::IdentityBinding& binding) const {
  std::set<Identity> identities;
  if (binding.pod_labels.empty()) return {};
  const auto take = [&](const auto& objects) {
    for (const auto* object : objects) identities.insert(of(*object));
  };
  take(pods_.select(binding.meta.ns.value, binding.pod_labels));
  take(workloads_.select(binding.meta.ns.value, binding.pod_labels));
  return {identities.begin(), identities.end()};
}

std::vector<Identity> PodIdentities::told_apart() const {
  std::vector<Identity> identities;
  for (const auto& [account, known_as] : in_use_) {
    identities.insert(identities.end(), known_as.begin(), known_as.end());
  }
  return identities;
}

}  // namespace smic::model
