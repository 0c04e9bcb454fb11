// SPDX-License-Identifier: Apache-2.0
// What a pod is known as: its service account, and every IdentityBinding whose labels select it.
//
//   shop/web             a pod of the account `web` that no binding selects by labels
//   shop/web+blue+canary one that IdentityBindings `blue` and `canary` of its namespace select
//
// A name of Kubernetes has no `+`, so these are names of their own, and everything downstream (rule
// IR, manifests, proxies) tells such pods apart without knowing of labels. A pod's identity depends
// on its own labels and on bindings, never on other pods: when a pod without the labels comes to an
// account, nobody else's identity changes, and it is in no binding from its first moment on.
//
// A subject that is a service account means all identities of that account; a binding by labels
// those that name it.
//
// Tested by tests/unit/model/bindings_test.cpp.
#pragma once

#include <map>
#include <set>

#include "compiler/model/label_index.h"

namespace smic::model {

// The service account of an identity.
inline Name account_of(const Identity& identity) {
  const std::string_view name = identity.name;
  return {identity.ns, name.substr(0, name.find(kBindingMark))};
}

class PodIdentities {
 public:
  explicit PodIdentities(const resources::Set& set);

  // `object`: a Pod or Workload of the set.
  template <class T>
  Identity of(const T& object) const {
    Identity identity = identity_of(object.meta, object.shape);
    const auto bindings = bindings_of_.find(&object.shape);
    if (bindings != bindings_of_.end()) identity.name += bindings->second;
    return identity;
  }

  // Everything that the account's pods are known as, and the plain account itself. Sorted.
  std::vector<Identity> of_account(const Identity& account) const;

  // What pods that the binding's labels select are known as. Sorted.
  std::vector<Identity> selected_by(const resources::IdentityBinding& binding) const;

  // In use by accounts some of whose pods are known by bindings, by account. Sorted.
  std::vector<Identity> told_apart() const;

 private:
  template <class T>
  void add(const std::vector<T>& objects);
  void select(const resources::IdentityBinding& binding);

  LabelIndex<resources::Pod> pods_;
  LabelIndex<resources::Workload> workloads_;
  std::unordered_map<const resources::PodShape*, std::string> bindings_of_;   // "+blue+canary"
  std::map<std::pair<std::string, std::string>, std::set<Identity>> in_use_;  // by account
};

}  // namespace smic::model
