// SPDX-License-Identifier: Apache-2.0
// IdentityBinding: a name for identities, by pod labels, service account or SPIFFE ID (SMI
// reference §2.5). Its example sets both a selector and a service account; that is a leftover and
// refused.
#include <algorithm>

#include "compiler/resources/kinds.h"
#include "compiler/resources/versions.h"

namespace smic::resources {
namespace {

constexpr std::string_view kSpiffePrefix = "spiffe://";

bool all_of_set(std::string_view text, std::string_view extra, bool upper_case) {
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || extra.contains(c) ||
           (upper_case && c >= 'A' && c <= 'Z');
  });
}

// Trust domain and path segments as the SPIFFE ID standard has them; without the prefix.
bool is_spiffe_id(std::string_view id) {
  const std::size_t slash = std::min(id.find('/'), id.size());
  if (!all_of_set(id.substr(0, slash), ".-_", false)) return false;
  for (std::size_t at = slash; at < id.size();) {
    const std::size_t end = std::min(id.find('/', at + 1), id.size());
    const std::string_view segment = id.substr(at + 1, end - at - 1);
    if (!all_of_set(segment, ".-_", true) || segment == "." || segment == "..") return false;
    at = end;
  }
  return true;
}

void read_spiffe_ids(const Fields& schemes, IdentityBinding& binding) {
  Object& object = schemes.object();
  for (Text& id : schemes.texts("spiffeIdentities")) {
    std::string_view bare = id.value;
    if (bare.starts_with(kSpiffePrefix)) bare.remove_prefix(kSpiffePrefix.size());
    if (!is_spiffe_id(bare)) {
      object.error("E11", id.span, quote(id.value) + " is no SPIFFE ID",
                   "write `spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/SERVICE-ACCOUNT`");
      continue;
    }
    id.value = std::string(kSpiffePrefix) + std::string(bare);
    binding.spiffe_identities.push_back(std::move(id));
  }
  const Node* list = schemes.get("spiffeIdentities");
  if (list != nullptr && list->kind == NodeKind::sequence && list->entries.empty()) {
    object.error("E11", schemes.key_of("spiffeIdentities")->span,
                 "`spec.schemes.spiffeIdentities` of " + object.title() + " is empty");
  }
}

void read_selector(const Fields& schemes, IdentityBinding& binding) {
  if (schemes.get("podLabelSelector") == nullptr) return;
  Object& object = schemes.object();
  const Fields selector = schemes.mapping("podLabelSelector");
  selector.know({"matchLabels"});
  binding.pod_labels = selector.labels("matchLabels");
  if (selector.exists() && binding.pod_labels.empty()) {
    object.error("E11", schemes.key_of("podLabelSelector")->span,
                 "`spec.schemes.podLabelSelector` of " + object.title() + " selects by no label",
                 "put at least one label below `matchLabels`");
  }
}

}  // namespace

void decode_identity_binding(Object& object, const Fields& fields, Set& set) {
  IdentityBinding binding{.meta = object.meta, .origin = {object.api_version.value}};
  const Fields spec = body_of(fields, {}, {"schemes"});
  const Fields schemes = spec.mapping("schemes");
  schemes.know({"podLabelSelector", "spiffeIdentities", "serviceAccount"});
  read_selector(schemes, binding);
  read_spiffe_ids(schemes, binding);
  if (schemes.get("serviceAccount") != nullptr) {
    binding.service_account = schemes.required_name("serviceAccount");
  }
  const Node* selector = schemes.key_of("podLabelSelector");
  if (selector != nullptr && schemes.get("podLabelSelector") != nullptr &&
      binding.service_account) {
    object
        .error("E11", schemes.key_of("serviceAccount")->span,
               object.title() + " has both `podLabelSelector` and `serviceAccount`",
               "make two bindings of it")
        .notes.push_back({selector->span, "the selector is here"});
  }
  const bool any = selector != nullptr || schemes.get("spiffeIdentities") != nullptr ||
                   binding.service_account.has_value();
  if (spec.exists() && !any && !object.failed) {
    object.error("E11", spec.span(), object.title() + " has no scheme",
                 "put `podLabelSelector`, `serviceAccount` or `spiffeIdentities` below "
                 "`spec.schemes`");
  }
  keep(object, set.identity_bindings, std::move(binding));
}

}  // namespace smic::resources
