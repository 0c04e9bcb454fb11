// SPDX-License-Identifier: Apache-2.0
// For who reads a few fields of an object that is none of ours: what is missing, or of another
// kind than expected, is passed over.
#pragma once

#include <initializer_list>
#include <string_view>

#include "compiler/resources/value.h"

namespace smic::resources {

// The member of the member … of `value`; null where the path ends early.
inline const Value* within(const Value* value, std::initializer_list<std::string_view> path) {
  for (const std::string_view name : path) value = value == nullptr ? nullptr : value->find(name);
  return value;
}

template <class Visit>
void each(const Value* list, Visit visit) {
  const auto* items = list == nullptr ? nullptr : list->as<Value::List>();
  if (items == nullptr) return;
  for (const Value& item : *items) visit(item);
}

}  // namespace smic::resources
