// SPDX-License-Identifier: Apache-2.0
// Every annotation (or label) that means something to smic, with what else it may be called.
// Traefik Mesh's keys are aliases, so that a mesh that came from there works as it is;
// docs/annotations.md is checked against this list.
//
// Of several spellings of one setting the first in the list wins: ours, then mesh.traefik.io, then
// the older maesh.containo.us. If a weaker one says something else, that is told (W59): it means
// that somebody changed one of them and forgot the other. A key under one of our prefixes that is
// not in the list is a slip, and told too (W58).
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "compiler/resources/resources.h"

namespace smic::model {

inline constexpr std::string_view kOwnPrefix = "smic.dev/";
inline constexpr std::string_view kTraefikPrefix = "mesh.traefik.io/";
inline constexpr std::string_view kMaeshPrefix = "maesh.containo.us/";

enum class AnnotationPlace { on_service, on_namespace, on_both };

struct Annotation {
  std::string_view name;          // behind kOwnPrefix
  std::string_view traefik_name;  // behind Traefik Mesh's prefixes; empty: it had none
  AnnotationPlace place = AnnotationPlace::on_service;
};

std::span<const Annotation> all_annotations();

// An annotation as it stands on an object.
struct Annotated {
  std::string key;
  resources::Text value;
};

// The spelling of `name` that counts on this object, if there is one.
std::optional<Annotated> find_annotation(const resources::Metadata& meta, std::string_view name);

// What of an object's annotations is ours and means nothing where it stands: W58, W59.
void check_annotations(std::string_view kind, const resources::Metadata& meta,
                       Diagnostics& diagnostics);

}  // namespace smic::model
