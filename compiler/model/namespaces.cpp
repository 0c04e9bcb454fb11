// SPDX-License-Identifier: Apache-2.0
// What a namespace decides for its Services: whether they are meshed at all, and the access mode
// (D-27). A label value that we do not know changes nothing; for the access mode that is the
// stricter reading only where the mesh enforces, which is the default.
#include "compiler/model/stages.h"

namespace smic::model {
namespace {

constexpr std::string_view kMesh = "smic.dev/mesh";
constexpr std::string_view kAccess = "smic.dev/access";

std::string_view label(const resources::Metadata& meta, std::string_view key) {
  const auto found = meta.labels.find(std::string(key));
  return found == meta.labels.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace

Namespaces::Namespaces(const resources::Set& set, const Options& options,
                       Diagnostics& diagnostics) {
  standard_.access = options.access;
  standard_.access_origin.resource = options.access == ir::AccessMode::permissive
                                         ? "access mode permissive"
                                         : "access mode enforce";
  for (const resources::Namespace& object : set.namespaces) {
    NamespaceSettings settings = standard_;
    settings.meshed = label(object.meta, kMesh) != "false";
    const std::string_view access = label(object.meta, kAccess);
    if (access == "enforce" || access == "permissive") {
      settings.access = access == "enforce" ? ir::AccessMode::enforce : ir::AccessMode::permissive;
      settings.access_origin = {"Namespace " + object.meta.name.value,
                                diagnostics.sources().name(object.meta.span.source),
                                object.meta.span.line};
    } else if (!access.empty()) {
      diagnostics.report("W53", object.meta.name.span,
                         "label `smic.dev/access: " + std::string(access) + "` on Namespace `" +
                             object.meta.name.value +
                             "` is not an access mode, so it changes nothing",
                         "write `enforce` or `permissive`");
    }
    labelled_.emplace(object.meta.name.value, std::move(settings));
  }
}

const NamespaceSettings& Namespaces::of(std::string_view ns) const {
  const auto found = labelled_.find(ns);
  return found == labelled_.end() ? standard_ : found->second;
}

}  // namespace smic::model
