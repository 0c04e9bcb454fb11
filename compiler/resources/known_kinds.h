// SPDX-License-Identifier: Apache-2.0
// The kinds that are ours, by group and name, and what to say of those that are not.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/resources/kinds.h"

namespace smic::resources {

struct Kind {
  std::string_view group;
  std::string_view name;
  Decoder decode;
  int first_version = 0;  // of SMI kinds: the first of v1alpha1 to v1alpha4

  bool is_smi() const { return first_version > 0; }
};

std::span<const Kind> known_kinds();

struct ApiVersion {
  std::string_view group;
  std::string_view version;
};
ApiVersion parse_api_version(std::string_view text);

// Null if there is none of this name in this group.
const Kind* find_kind(std::string_view group, std::string_view name);

// SMI kinds have some versions, other kinds any.
bool has_version(const Kind& kind, std::string_view version);

// The object is of no known kind, or of `kind` in a version that this does not have. Silence, if it
// does not look like one of ours; otherwise what was meant (E55, W51).
void tell_unknown(Object& object, const ApiVersion& api, const Kind* kind);

}  // namespace smic::resources
