// SPDX-License-Identifier: Apache-2.0
// What every object has: a name, most a namespace, labels and annotations.
#include "compiler/resources/kinds.h"

namespace smic::resources {
namespace {

bool is_setting(std::string_view key) {
  return key.starts_with("smic.dev/") || key.starts_with("mesh.traefik.io/") ||
         key.starts_with("maesh.containo.us/");
}

void add_settings(const Fields& meta, std::string_view list, Settings& settings) {
  const Node* node = meta.get(list);
  if (node == nullptr) return;
  for (const Entry& entry : node->entries) {
    if (entry.key == nullptr || !is_setting(entry.key->text)) continue;
    settings.try_emplace(std::string(entry.key->text),
                         Text{std::string(entry.value->text), entry.value->span});
  }
}

}  // namespace

void read_metadata(const Fields& fields, bool namespaced) {
  Object& object = fields.object();
  const Fields meta = fields.mapping("metadata");
  meta.know({"name", "generateName", "namespace", "labels", "annotations", "uid",
             "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds",
             "resourceVersion", "generation", "selfLink", "ownerReferences", "finalizers",
             "managedFields", "clusterName"});
  object.meta.ns = {namespaced ? "default" : "", meta.span()};
  if (meta.get("name") == nullptr) {
    object.error("E54", meta.span(),
                 "`metadata.name` of this " + object.kind.value + " is missing");
  } else {
    object.meta.name = meta.required_name("name");
  }
  if (namespaced && meta.get("namespace") != nullptr) {
    const Text ns = meta.required_name("namespace");
    if (!ns.value.empty()) object.meta.ns = ns;
  }
  object.meta.labels = meta.labels("labels");
  object.meta.annotations = meta.labels("annotations");
  add_settings(meta, "labels", object.meta.settings);
  add_settings(meta, "annotations", object.meta.settings);
  object.meta.created = meta.plain_text("creationTimestamp");
  object.meta.uid = meta.plain_text("uid");
  object.meta.deleting = meta.get("deletionTimestamp") != nullptr;
}

}  // namespace smic::resources
