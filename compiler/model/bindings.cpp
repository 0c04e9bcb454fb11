// SPDX-License-Identifier: Apache-2.0
// IdentityBindings to service accounts: what a pod is known by at run time (DESIGN §8). Of the
// three schemes, OR-ed, each speaks of workloads in the binding's own namespace only (SMI reference
// §2.5):
//
//   serviceAccount     that account
//   spiffeIdentities   spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/ACCOUNT of our trust domain names an
//                      account; without mTLS no other SPIFFE ID can be verified (D-15, W18)
//   podLabelSelector   accounts all of whose pods carry the labels
//
// The last is stricter than it reads: where pods with and without the labels share an account,
// letting the account in would let in pods that the author left out, so it stays out and W56 says
// why.
//
// Tested by tests/unit/model/bindings_test.cpp.
#include <algorithm>

#include "compiler/model/access_stages.h"

namespace smic::model {

Bindings::Bindings(const resources::Set& set, const Options& options, Diagnostics& diagnostics)
    : options_(options), diagnostics_(diagnostics) {
  for (const resources::IdentityBinding& object : set.identity_bindings) {
    bindings_.emplace(name_of(object.meta), Binding{&object, std::nullopt});
    names_.add(name_of(object.meta));
  }
  if (bindings_.empty()) return;
  index(set.pods, pods_);
  index(set.workloads, workloads_);
}

template <class T>
void Bindings::index(const std::vector<T>& objects, LabelIndex<T>& by_label) {
  for (const T& object : objects) {
    by_label.add(object);
    ++users_[{object.meta.ns.value, object.shape.service_account}];
  }
}

const std::vector<Identity>* Bindings::find(const Name& name) {
  const auto found = bindings_.find(name);
  if (found == bindings_.end()) return nullptr;
  Binding& binding = found->second;
  if (!binding.identities) binding.identities = resolve(*binding.object);
  return &*binding.identities;
}

std::vector<Identity> Bindings::resolve(const resources::IdentityBinding& binding) {
  std::vector<Identity> identities;
  if (binding.service_account) {
    identities.push_back({binding.meta.ns.value, binding.service_account->value});
  }
  for (const resources::Text& id : binding.spiffe_identities) {
    if (auto identity = verified(binding, id)) identities.push_back(std::move(*identity));
  }
  add_labelled(binding, identities);
  std::ranges::sort(identities);
  const auto repeated = std::ranges::unique(identities);
  identities.erase(repeated.begin(), repeated.end());
  return identities;
}

void Bindings::add_labelled(const resources::IdentityBinding& binding,
                            std::vector<Identity>& into) {
  const std::string& ns = binding.meta.ns.value;
  std::map<std::string_view, std::size_t> labelled;  // by service account
  const auto count = [&](const auto& objects) {
    for (const auto* object : objects) ++labelled[object->shape.service_account];
  };
  count(pods_.select(ns, binding.pod_labels));
  count(workloads_.select(ns, binding.pod_labels));
  for (const auto& [account, pods] : labelled) {
    if (pods == users_.at({ns, account})) {
      into.push_back({ns, std::string(account)});
      continue;
    }
    diagnostics_.report("W56", binding.meta.name.span,
                        "labels of IdentityBinding `" + binding.meta.name.value +
                            "` select only some pods of ServiceAccount `" + std::string(account) +
                            "`, so it covers none of them",
                        "pods are told apart by service account: give the selected ones their own");
  }
}

std::optional<Identity> Bindings::verified(const resources::IdentityBinding& binding,
                                           const resources::Text& spiffe_id) {
  const std::string domain = "spiffe://" + options_.trust_domain + "/ns/";
  const std::string own = domain + binding.meta.ns.value + "/sa/";
  const std::string_view id = spiffe_id.value;
  if (id.starts_with(own) && id.size() > own.size() && !id.substr(own.size()).contains('/')) {
    return Identity{binding.meta.ns.value, std::string(id.substr(own.size()))};
  }
  const bool foreign = id.starts_with(domain) && !id.starts_with(own);
  diagnostics_.report("W18", spiffe_id.span,
                      "`" + spiffe_id.value +
                          (foreign ? "` is of another namespace than its IdentityBinding"
                                   : "` cannot be verified in this mesh") +
                          ", so it stands for no pod",
                      "identities here are `" + own + "SERVICE-ACCOUNT`");
  return std::nullopt;
}

}  // namespace smic::model
