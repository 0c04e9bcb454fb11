// SPDX-License-Identifier: Apache-2.0
#include "compiler/resources/versions.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace smic::resources {

namespace {

constexpr std::array<std::string_view, 4> kVersions = {"v1alpha1", "v1alpha2", "v1alpha3",
                                                       "v1alpha4"};

}  // namespace

std::optional<Version> version_named(std::string_view name) {
  const auto found = std::ranges::find(kVersions, name);
  if (found == kVersions.end()) return std::nullopt;
  return static_cast<Version>(found - kVersions.begin() + 1);
}

std::string_view name_of(Version version) {
  return kVersions[static_cast<std::size_t>(version) - 1];
}

Version version_of(const Object& object) {
  const std::string_view text = object.api_version.value;
  const auto version = version_named(text.substr(text.rfind('/') + 1));
  SMIC_CHECK(version.has_value(), "not an SMI version");
  return *version;
}

Fields body_of(const Fields& fields, Form form, const std::vector<std::string_view>& known) {
  Object& object = fields.object();
  if (!form.below_spec) {
    std::vector<std::string_view> all = known;
    all.insert(all.end(), {"apiVersion", "kind", "metadata", "status"});
    fields.know(all);
    return fields;
  }
  std::vector<std::string_view> top{"apiVersion", "kind", "metadata", "status", "spec"};
  for (const std::string_view field : known) {
    const Node* key = fields.key_of(field);
    if (key == nullptr) continue;
    top.push_back(field);
    object.warn("W15", key->span,
                quote(field) + " of " + object.title() + " is ignored here in " +
                    quote(object.api_version.value),
                "put it below `spec`");
  }
  fields.know(top);
  const Fields spec = fields.mapping("spec");
  if (!spec.exists() && form.spec_required && fields.get("spec") == nullptr) {
    fields.missing("spec");
  }
  spec.know(known);
  return spec;
}

}  // namespace smic::resources
