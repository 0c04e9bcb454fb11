// SPDX-License-Identifier: Apache-2.0
#include "compiler/resources/known_kinds.h"

namespace smic::resources {
namespace {

// Kinds that other API groups have too say nothing about SMI by their name.
bool is_only_smi(const Kind& kind) {
  return kind.is_smi() && kind.name != "TCPRoute" && kind.name != "UDPRoute";
}

const Kind* find_kind_of_any_group(std::string_view name) {
  for (const Kind& kind : known_kinds()) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

// "v1alpha1, v1alpha2, …" of an SMI kind.
std::vector<std::string> versions_of(const Kind& kind) {
  std::vector<std::string> versions;
  for (int version = kind.first_version; version <= 4; ++version) {
    versions.push_back("v1alpha" + std::to_string(version));
  }
  return versions;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "`" : ", `") + word + '`';
  return text;
}

void unknown_smi(Object& object, const ApiVersion& api, const Kind* elsewhere) {
  std::vector<std::string> kinds;
  for (const Kind& kind : known_kinds()) {
    if (kind.is_smi()) kinds.emplace_back(kind.name);
  }
  std::string help = suggest(object.kind.value, kinds);
  Span span = object.kind.span;
  if (elsewhere != nullptr && elsewhere->is_smi()) {
    help = object.kind.value + " is in `" + std::string(elsewhere->group) + '`';
    span = object.api_version.span;
  } else if (api.group == "metrics.smi-spec.io") {
    help = "metrics are asked for, not applied";
  } else if (help.empty()) {
    help = "the kinds are " + joined(kinds);
  }
  object.error("E55", span, quote(object.kind.value) + " is no kind of " + quote(api.group),
               std::move(help));
}

// Only slips are told of: Kubernetes has more kinds than we know.
void unknown_kubernetes(Object& object, const ApiVersion& api, const Kind* elsewhere) {
  std::vector<std::string> kinds;
  for (const Kind& kind : known_kinds()) {
    if (kind.group == api.group) kinds.emplace_back(kind.name);
  }
  if (kinds.empty()) return;  // a group that is not ours
  std::string help = suggest(object.kind.value, kinds);
  if (elsewhere != nullptr) {
    help = object.kind.value + " is in the API group `" + std::string(elsewhere->group) + '`';
    if (elsewhere->group.empty()) help = object.kind.value + " is in `v1`";
  }
  if (help.empty()) return;
  object.warn("W51", object.kind.span,
              quote(object.kind.value) + " is no kind of " + quote(object.api_version.value) +
                  ", so it is left out",
              std::move(help));
}

}  // namespace

void tell_unknown(Object& object, const ApiVersion& api, const Kind* kind) {
  if (kind != nullptr) {
    object.error("E55", object.api_version.span,
                 object.kind.value + " has no version " + quote(api.version),
                 "its versions are " + joined(versions_of(*kind)));
    return;
  }
  const bool smi = api.group == "smi-spec.io" || api.group.ends_with(".smi-spec.io");
  const Kind* elsewhere = find_kind_of_any_group(object.kind.value);
  if (smi) {
    unknown_smi(object, api, elsewhere);
  } else if (elsewhere != nullptr && is_only_smi(*elsewhere)) {
    const std::string group(elsewhere->group);
    if (!api.group.empty() && did_you_mean(api.group, {group}).empty()) return;
    object.error("E55", object.api_version.span,
                 quote(object.api_version.value) + " is not the version of a " + object.kind.value,
                 "it is `" + group + "/v1alpha4`");
  } else {
    unknown_kubernetes(object, api, elsewhere);
  }
}

}  // namespace smic::resources
