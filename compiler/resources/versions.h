// SPDX-License-Identifier: Apache-2.0
// What every SMI kind's versions have in common. The hub is v1alpha4; older versions are converted
// to it while they are read (SMI reference §1.4), so that nobody downstream knows versions.
#pragma once

#include "compiler/resources/fields.h"

namespace smic::resources {

enum class Version { v1alpha1 = 1, v1alpha2, v1alpha3, v1alpha4 };

std::optional<Version> version_named(std::string_view name);
std::string_view name_of(Version version);

// Of an object whose version decode.cpp has found to be one of these.
Version version_of(const Object& object);

// The mapping that holds a kind's own fields: `spec`, or the object itself in versions that have
// them there. `known` are those fields; others are told (W15), and so are these where they stand
// on the wrong level. A missing `spec` is E01 unless it is optional.
struct Form {
  bool below_spec = true;
  bool spec_required = true;
};
Fields body_of(const Fields& fields, Form form, const std::vector<std::string_view>& known);

}  // namespace smic::resources
