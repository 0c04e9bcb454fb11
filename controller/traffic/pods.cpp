// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/traffic/pods_test.cpp.
#include "controller/traffic/pods.h"

#include <algorithm>
#include <charconv>

#include "compiler/resources/value_path.h"

namespace smic::traffic {
namespace {

using resources::each;
using resources::Value;
using resources::within;

constexpr std::uint16_t kAdminPort = 15020;
constexpr std::string_view kProxyLabel = "app.kubernetes.io/name", kProxyName = "smic-proxy";
constexpr std::string_view kHashLabel = "pod-template-hash";

std::map<std::string, std::string> texts_of(const Value* mapping) {
  std::map<std::string, std::string> texts;
  const auto* members = mapping == nullptr ? nullptr : mapping->as<Value::Members>();
  if (members == nullptr) return texts;
  for (const auto& [name, value] : *members) {
    if (const auto* text = value.as<std::string>()) texts.emplace(name, *text);
  }
  return texts;
}

std::uint64_t number_in(const Value& holder, std::string_view name) {
  const Value* value = holder.find(name);
  const auto* number = value == nullptr ? nullptr : value->as<Value::Number>();
  std::uint64_t result = 0;
  if (number != nullptr) {
    std::from_chars(number->digits.data(), number->digits.data() + number->digits.size(), result);
  }
  return result;
}

bool is_true(const Value* value) {
  const bool* truth = value == nullptr ? nullptr : value->as<bool>();
  return truth != nullptr && *truth;
}

Pod pod_of(const Value& object) {
  Pod pod;
  pod.labels = texts_of(within(&object, {"metadata", "labels"}));
  each(within(&object, {"metadata", "ownerReferences"}), [&](const Value& owner) {
    if (!is_true(owner.find("controller"))) return;
    pod.owner_kind = owner.text("kind");
    pod.owner = owner.text("name");
  });
  const Value* spec = object.find("spec");
  if (spec != nullptr) pod.node = spec->text("nodeName");
  pod.admin_port = kAdminPort;
  each(within(spec, {"containers"}), [&](const Value& container) {
    each(container.find("ports"), [&](const Value& port) {
      if (port.text("name") != "admin") return;
      pod.admin_port = static_cast<std::uint16_t>(number_in(port, "containerPort"));
    });
  });
  const Value* status = object.find("status");
  if (status != nullptr && status->text("phase") == "Running") pod.address = status->text("podIP");
  return pod;
}

SplitWeights weights_of(const Value& object) {
  SplitWeights split;
  const Value* spec = object.find("spec");
  if (spec == nullptr) return split;
  split.apex = spec->text("service");
  each(spec->find("backends"), [&](const Value& backend) {
    split.backends.emplace_back(backend.text("service"), number_in(backend, "weight"));
  });
  return split;
}

bool selects(const std::map<std::string, std::string>& selector,
             const std::map<std::string, std::string>& labels) {
  return !selector.empty() && std::ranges::all_of(selector, [&](const auto& wanted) {
    const auto found = labels.find(wanted.first);
    return found != labels.end() && found->second == wanted.second;
  });
}

// A ReplicaSet is called after its Deployment and the hash of the pods' template.
std::string deployment_of(const Pod& pod) {
  const auto hash = pod.labels.find(std::string(kHashLabel));
  if (pod.owner_kind != "ReplicaSet" || hash == pod.labels.end()) return {};
  const std::string end = '-' + hash->second;
  return pod.owner.ends_with(end) ? pod.owner.substr(0, pod.owner.size() - end.size()) : "";
}

ObjectName name_of(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == text.npos) return {"", text};
  return {text.substr(0, slash), text.substr(slash + 1)};
}

}  // namespace

std::vector<kube::WatchedKind> kinds_of_pods() {
  return {{"",
           "pods",
           "Pod",
           {"v1"},
           false,
           {"metadata.labels", "metadata.ownerReferences.kind", "metadata.ownerReferences.name",
            "metadata.ownerReferences.controller", "spec.nodeName", "spec.containers.ports.name",
            "spec.containers.ports.containerPort", "status.podIP", "status.phase"}},
          {"", "services", "Service", {"v1"}, false, {"spec.selector"}},
          {"split.smi-spec.io",
           "trafficsplits",
           "TrafficSplit",
           {"v1alpha4"},
           true,
           {"spec.service", "spec.backends.service", "spec.backends.weight"}}};
}

bool Pods::replace(const std::string& kind, std::vector<kube::Object> objects) {
  const std::lock_guard lock(mutex_);
  if (kind == "Service") selectors_.clear();
  if (kind == "TrafficSplit") splits_.clear();
  if (kind == "Pod") {
    for (auto& [name, kept] : pods_) {
      if (!kept.gone) kept.gone = Clock::now();
    }
  }
  for (const kube::Object& object : objects) put_locked(kind, object);
  forget_locked();
  return true;
}

void Pods::put(const std::string& kind, kube::Object object) {
  const std::lock_guard lock(mutex_);
  put_locked(kind, object);
}

void Pods::put_locked(const std::string& kind, const kube::Object& object) {
  const auto value = resources::value_of_json(object.text);
  if (!value) return;
  const ObjectName name{object.ns, object.name};
  if (kind == "Pod") pods_[name] = {pod_of(*value), std::nullopt};
  if (kind == "Service") selectors_[name] = texts_of(within(&*value, {"spec", "selector"}));
  if (kind == "TrafficSplit") splits_[name] = weights_of(*value);
}

void Pods::remove(const std::string& kind, const kube::Object& object) {
  const std::lock_guard lock(mutex_);
  const ObjectName name{object.ns, object.name};
  if (kind == "Service") selectors_.erase(name);
  if (kind == "TrafficSplit") splits_.erase(name);
  if (const auto pod = pods_.find(name); kind == "Pod" && pod != pods_.end()) {
    pod->second.gone = Clock::now();
  }
  forget_locked();
}

void Pods::forget_locked() {
  const Time before = Clock::now() - kKept;
  std::erase_if(
      pods_, [&](const auto& entry) { return entry.second.gone && *entry.second.gone < before; });
}

std::vector<ObjectName> Pods::objects_of(const std::string& pod, const std::string& kind) const {
  const ObjectName name = name_of(pod);
  if (name.ns.empty()) return {};  // an address that is no pod's
  if (kind == "Pod") return {name};
  if (kind == "Namespace") return {{"", name.ns}};
  const std::lock_guard lock(mutex_);
  const auto found = pods_.find(name);
  if (found == pods_.end()) return {};
  return owners_of(name, found->second.pod, kind);
}

std::vector<ObjectName> Pods::owners_of(const ObjectName& name, const Pod& pod,
                                        const std::string& kind) const {
  if (kind == "Node") {
    return pod.node.empty() ? std::vector<ObjectName>{} : std::vector<ObjectName>{{"", pod.node}};
  }
  if (kind == "Deployment") {
    const std::string deployment = deployment_of(pod);
    if (deployment.empty()) return {};
    return {{name.ns, deployment}};
  }
  if (kind != "Service") {
    if (pod.owner_kind != kind) return {};
    return {{name.ns, pod.owner}};
  }
  std::vector<ObjectName> services;
  for (auto each = selectors_.lower_bound({name.ns, ""});
       each != selectors_.end() && each->first.ns == name.ns; ++each) {
    if (selects(each->second, pod.labels)) services.push_back(each->first);
  }
  return services;
}

std::optional<SplitWeights> Pods::split(const ObjectName& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = splits_.find(name);
  return found == splits_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<std::string> Pods::proxies(const std::string& ns) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> addresses;
  for (auto each = pods_.lower_bound({ns, ""}); each != pods_.end() && each->first.ns == ns;
       ++each) {
    const Pod& pod = each->second.pod;
    const auto label = pod.labels.find(std::string(kProxyLabel));
    if (each->second.gone || pod.address.empty()) continue;
    if (label == pod.labels.end() || label->second != kProxyName) continue;
    const bool v6 = pod.address.contains(':');
    addresses.push_back((v6 ? '[' + pod.address + ']' : pod.address) + ':' +
                        std::to_string(pod.admin_port));
  }
  return addresses;
}

}  // namespace smic::traffic
