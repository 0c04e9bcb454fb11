// SPDX-License-Identifier: Apache-2.0
#include "compiler/resources/versions.h"

#include <algorithm>

#include "base/check.h"

namespace smic::resources {

Version version_of(const Object& object) {
  const std::string& text = object.api_version.value;
  SMIC_CHECK(!text.empty() && text.back() >= '1' && text.back() <= '4', "not an SMI version");
  return static_cast<Version>(text.back() - '0');
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
