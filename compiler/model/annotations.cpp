// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/model/annotations_test.cpp.
#include "compiler/model/annotations.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace smic::model {
namespace {

using enum AnnotationPlace;

constexpr std::array kAnnotations = {
    Annotation{"access", "", on_namespace},
    Annotation{"circuit-breaker-expression", "circuit-breaker-expression"},
    Annotation{"idle-timeout", ""},
    Annotation{"mesh", "", on_both},
    Annotation{"names", "", on_namespace},
    Annotation{"protocol", "traffic-type"},
    Annotation{"ratelimit-average", "ratelimit-average"},
    Annotation{"ratelimit-burst", "ratelimit-burst"},
    Annotation{"ratelimit-scope", ""},
    Annotation{"request-timeout", ""},
    Annotation{"retry-attempts", "retry-attempts"},
    Annotation{"scheme", "scheme"},
    Annotation{"split-shares", ""},
};

constexpr std::array kPrefixes = {kOwnPrefix, kTraefikPrefix, kMaeshPrefix};

std::string_view name_behind(const Annotation& annotation, std::string_view prefix) {
  return prefix == kOwnPrefix ? annotation.name : annotation.traefik_name;
}

const Annotation& known_as(std::string_view name) {
  return *std::ranges::find(kAnnotations, name, &Annotation::name);
}

// The spellings of one setting that stand on an object, the strongest first.
std::vector<Annotated> spellings(const resources::Metadata& meta, const Annotation& annotation) {
  std::vector<Annotated> found;
  for (const std::string_view prefix : kPrefixes) {
    const std::string_view name = name_behind(annotation, prefix);
    if (name.empty()) continue;
    std::string key = std::string(prefix) + std::string(name);
    if (const auto value = meta.settings.find(key); value != meta.settings.end()) {
      found.push_back({std::move(key), value->second});
    }
  }
  return found;
}

std::string title(std::string_view kind, const resources::Metadata& meta, std::string_view key) {
  return "`" + std::string(key) + "` on " + std::string(kind) + " `" + meta.name.value + "`";
}

// ---- W58 ----------------------------------------------------------------------------------------

bool may_stand_on(AnnotationPlace place, std::string_view kind) {
  return place == on_both || (place == on_service) == (kind == "Service");
}

void check_key(std::string_view kind, const resources::Metadata& meta, const std::string& key,
               const Span& span, Diagnostics& diagnostics) {
  const std::string_view prefix = *std::ranges::find_if(
      kPrefixes, [&](std::string_view prefix) { return key.starts_with(prefix); });
  std::vector<std::string> names;
  for (const Annotation& known : kAnnotations) {
    const std::string_view name = name_behind(known, prefix);
    if (name.empty()) continue;
    if (key.substr(prefix.size()) != name) {
      names.push_back(std::string(prefix) + std::string(name));
      continue;
    }
    if (may_stand_on(known.place, kind)) return;
    diagnostics.report("W58", span, title(kind, meta, key) + " means nothing there",
                       known.place == on_service ? "it is for Services" : "it is for Namespaces");
    return;
  }
  std::string help = suggest(key, names);
  if (help.empty()) help = "docs/annotations.md lists those that mean something";
  diagnostics.report("W58", span, title(kind, meta, key) + " means nothing", std::move(help));
}

// ---- W59 ----------------------------------------------------------------------------------------

void check_spellings(std::string_view kind, const resources::Metadata& meta,
                     const Annotation& annotation, Diagnostics& diagnostics) {
  const std::vector<Annotated> found = spellings(meta, annotation);
  for (std::size_t i = 1; i < found.size(); ++i) {
    if (found[i].value.value == found[0].value.value) continue;
    diagnostics
        .report("W59", found[i].value.span,
                title(kind, meta, found[i].key) + " says something else than `" + found[0].key +
                    "`, which wins",
                "remove one of them")
        .notes.push_back({found[0].value.span, "this one counts"});
  }
}

}  // namespace

std::span<const Annotation> all_annotations() { return kAnnotations; }

std::optional<Annotated> find_annotation(const resources::Metadata& meta, std::string_view name) {
  std::vector<Annotated> found = spellings(meta, known_as(name));
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

void check_annotations(std::string_view kind, const resources::Metadata& meta,
                       Diagnostics& diagnostics) {
  if (meta.settings.empty()) return;
  for (const auto& [key, value] : meta.settings) {
    check_key(kind, meta, key, value.span, diagnostics);
  }
  for (const Annotation& annotation : kAnnotations) {
    check_spellings(kind, meta, annotation, diagnostics);
  }
}

}  // namespace smic::model
