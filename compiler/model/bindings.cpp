// SPDX-License-Identifier: Apache-2.0
// IdentityBindings to identities: what pods are known as at run time (DESIGN §8). Of the three
// schemes, OR-ed, each speaks of workloads in the binding's own namespace only (SMI reference
// §2.5):
//
//   serviceAccount     all pods of that account
//   spiffeIdentities   spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/ACCOUNT of our trust domain names an
//                      account; without mTLS no other SPIFFE ID can be verified (D-15, W18)
//   podLabelSelector   the pods that carry the labels, of whatever account (pod_identities.h)
//
// Tested by tests/unit/model/bindings_test.cpp.
#include <algorithm>

#include "compiler/model/access_stages.h"

namespace smic::model {

Bindings::Bindings(const resources::Set& set, const PodIdentities& pods, const Options& options,
                   Diagnostics& diagnostics)
    : pods_(pods),
      options_(options),
      diagnostics_(diagnostics),
      names_("IdentityBinding", options) {
  for (const resources::IdentityBinding& object : set.identity_bindings) {
    bindings_.emplace(name_of(object.meta), Binding{&object, std::nullopt});
    names_.add(name_of(object.meta));
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
  std::vector<Identity> identities = pods_.selected_by(binding);
  const auto add_account = [&](const Identity& account) {
    std::ranges::move(pods_.of_account(account), std::back_inserter(identities));
  };
  if (binding.service_account) {
    add_account({binding.meta.ns.value, binding.service_account->value});
  }
  for (const resources::Text& id : binding.spiffe_identities) {
    if (const auto account = verified(binding, id)) add_account(*account);
  }
  std::ranges::sort(identities);
  const auto repeated = std::ranges::unique(identities);
  identities.erase(repeated.begin(), repeated.end());
  return identities;
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
