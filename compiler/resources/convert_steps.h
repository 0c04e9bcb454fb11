// SPDX-License-Identifier: Apache-2.0
// What changes in an object's own fields between its version and the hub's form, per kind. The hub
// is v1alpha4, with one field more: a TrafficTarget's port, which only v1alpha1 and v1alpha2 have
// and which has to come from one to the other. For convert.cpp only.
#pragma once

#include <string_view>

#include "compiler/resources/value.h"
#include "compiler/resources/versions.h"

namespace smic::resources {

// Fields that mean nothing in a version must not begin to mean something in another: both steps
// drop what their version does not have.
struct ConversionSteps {
  Value (*up)(Value body, Version from);
  Value (*down)(Value body, Version to);
  // Does the version have the kinds of things that the body refers to? It is copied all the same,
  // and refused by whoever reads it.
  bool (*knows)(const Value& body, Version version);
};

ConversionSteps conversion_steps(std::string_view kind);

}  // namespace smic::resources
