// SPDX-License-Identifier: Apache-2.0
// What a namespace decides for its Services: whether they are meshed at all (the nearest word
// counts: the Service's, the Namespace's, the options'), and the access mode (D-27). A value that
// we do not know changes nothing; for the access mode that is the stricter reading only where the
// mesh enforces, which is the default.
#include <fnmatch.h>

#include <algorithm>

#include "compiler/model/annotations.h"
#include "compiler/model/stages.h"

namespace smic::model {
namespace {

constexpr std::string_view kMesh = "smic.dev/mesh";
constexpr std::string_view kAccess = "smic.dev/access";

void tell_meaningless(std::string_view key, const resources::Text& value, std::string_view what,
                      std::string_view values, Diagnostics& diagnostics) {
  diagnostics.report("W53", value.span,
                     "`" + std::string(key) + ": " + value.value + "` is not " + std::string(what) +
                         ", so it changes nothing",
                     "write " + std::string(values));
}

// `kube-*` is of namespaces, `shop/legacy-*` of Services.
bool any_matches(const std::vector<std::string>& patterns, const ServiceRef& service) {
  return std::ranges::any_of(patterns, [&](const std::string& pattern) {
    const std::string& name = pattern.contains('/') ? service.ns + '/' + service.name : service.ns;
    return ::fnmatch(pattern.c_str(), name.c_str(), FNM_PATHNAME | FNM_NOESCAPE) == 0;
  });
}

}  // namespace

const resources::Text* setting(const resources::Metadata& meta, std::string_view key) {
  const auto found = meta.settings.find(key);
  return found == meta.settings.end() ? nullptr : &found->second;
}

std::optional<bool> mesh_setting(const resources::Metadata& meta, Diagnostics& diagnostics) {
  const resources::Text* mesh = setting(meta, kMesh);
  if (mesh == nullptr) return std::nullopt;
  if (mesh->value == "true" || mesh->value == "false") return mesh->value == "true";
  tell_meaningless(kMesh, *mesh, "a truth value", "`\"true\"` or `\"false\"`", diagnostics);
  return std::nullopt;
}

Namespaces::Namespaces(const resources::Set& set, const Options& options, Diagnostics& diagnostics)
    : options_(options) {
  standard_.access = options.access;
  standard_.access_origin.resource = options.access == ir::AccessMode::permissive
                                         ? "access mode permissive"
                                         : "access mode enforce";
  for (const resources::Namespace& object : set.namespaces) {
    check_annotations("Namespace", object.meta, diagnostics);
    NamespaceSettings settings = standard_;
    settings.meshed = mesh_setting(object.meta, diagnostics);
    const resources::Text* access = setting(object.meta, kAccess);
    if (access && (access->value == "enforce" || access->value == "permissive")) {
      settings.access =
          access->value == "enforce" ? ir::AccessMode::enforce : ir::AccessMode::permissive;
      settings.access_origin = {"Namespace " + object.meta.name.value,
                                diagnostics.sources().name(object.meta.span.source),
                                object.meta.span.line};
    } else if (access) {
      tell_meaningless(kAccess, *access, "an access mode", "`enforce` or `permissive`",
                       diagnostics);
    }
    labelled_.emplace(object.meta.name.value, std::move(settings));
  }
}

const NamespaceSettings& Namespaces::of(std::string_view ns) const {
  const auto found = labelled_.find(ns);
  return found == labelled_.end() ? standard_ : found->second;
}

bool Namespaces::meshes(const ServiceRef& service) const {
  if (const auto said = of(service.ns).meshed) return *said;
  if (any_matches(options_.exclude, service)) return false;
  return options_.include.empty() || any_matches(options_.include, service);
}

}  // namespace smic::model
