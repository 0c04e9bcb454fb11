// SPDX-License-Identifier: Apache-2.0
#include "compiler/resources/convert_steps.h"

#include <algorithm>
#include <initializer_list>

#include "compiler/resources/quantity.h"

namespace smic::resources {
namespace {

Value empty_mapping() { return Value(Value::Members()); }

Value* mapping_in(Value& value, std::string_view name) {
  Value* member = value.find(name);
  return member != nullptr && member->as<Value::Members>() ? member : nullptr;
}

// Calls visit(item) for every item of the list, if it is one.
template <class Visit>
void each(Value* value, std::string_view list, Visit visit) {
  Value* member = value == nullptr ? nullptr : value->find(list);
  auto* items = member == nullptr ? nullptr : member->as<Value::List>();
  if (items == nullptr) return;
  for (Value& item : *items) visit(item);
}

using FieldNames = std::initializer_list<std::string_view>;

// From the top level to `spec`, which the old version does not have.
void move_below_spec(Value& body, FieldNames fields) {
  body.take("spec");
  Value spec = empty_mapping();
  for (const std::string_view field : fields) {
    if (auto value = body.take(field)) spec.set(field, std::move(*value));
  }
  body.set("spec", std::move(spec));
}

void move_to_top(Value& body, FieldNames fields) {
  std::optional<Value> spec = body.take("spec");
  for (const std::string_view field : fields) {
    std::optional<Value> value = spec ? spec->take(field) : std::nullopt;
    if (value) body.set(field, std::move(*value));
  }
}

void drop(Value& body, FieldNames fields) {
  for (const std::string_view field : fields) body.take(field);
}

// ---- HTTPRouteGroup: `matches` below `spec` since v1alpha3, with headers since v1alpha2 --------

void drop_headers(Value* holder) {
  each(holder, "matches", [](Value& match) { match.take("headers"); });
}

Value group_up(Value body, Version from) {
  if (from == Version::v1alpha1) drop_headers(&body);
  if (from <= Version::v1alpha2) {
    move_below_spec(body, {"matches"});
  } else {
    drop(body, {"matches"});
  }
  return body;
}

Value group_down(Value body, Version to) {
  if (to <= Version::v1alpha2) move_to_top(body, {"matches"});
  if (to == Version::v1alpha1) drop_headers(&body);
  return body;
}

// ---- TCPRoute: ports since v1alpha4, an empty `spec` since v1alpha3 -----------------------------

Value tcp_up(Value body, Version from) {
  if (from == Version::v1alpha4) return body;
  Value spec = empty_mapping();
  spec.set("matches", empty_mapping()).set("ports", Value(Value::List()));  // all of them
  body.set("spec", std::move(spec));
  return body;
}

Value tcp_down(Value body, Version to) {
  if (to <= Version::v1alpha2) drop(body, {"spec"});
  if (to == Version::v1alpha3) body.set("spec", empty_mapping());
  return body;
}

// ---- TrafficTarget: `specs` was renamed `rules`; `port` until v1alpha2, `group` since v1alpha4
// ---

void drop_from_subjects(Value& body, std::string_view field) {
  Value* spec = mapping_in(body, "spec");
  if (Value* destination = spec ? mapping_in(*spec, "destination") : nullptr) {
    destination->take(field);
  }
  each(spec, "sources", [&](Value& source) { source.take(field); });
}

// Of the hub's form, what this version has.
void keep_subject_fields(Value& body, Version version) {
  if (version >= Version::v1alpha3) drop_from_subjects(body, "port");
  if (version < Version::v1alpha4) drop_from_subjects(body, "group");
}

Value target_up(Value body, Version from) {
  if (from == Version::v1alpha1) {
    drop(body, {"rules"});
    body.rename("specs", "rules");
    move_below_spec(body, {"destination", "sources", "rules"});
  } else {
    drop(body, {"destination", "sources", "rules", "specs"});
  }
  keep_subject_fields(body, from);
  return body;
}

Value target_down(Value body, Version to) {
  keep_subject_fields(body, to);
  if (to == Version::v1alpha1) {
    move_to_top(body, {"destination", "sources", "rules"});
    body.rename("rules", "specs");
  }
  return body;
}

bool any_of_kind(const Value& holder, std::string_view list, std::string_view kind) {
  const Value* member = holder.find(list);
  const auto* items = member == nullptr ? nullptr : member->as<Value::List>();
  return items != nullptr &&
         std::ranges::any_of(*items, [&](const Value& item) { return item.text("kind") == kind; });
}

// UDPRoutes since v1alpha3, IdentityBindings since v1alpha4.
bool target_knows(const Value& body, Version version) {
  const bool flat = version == Version::v1alpha1;
  const Value* fields = flat ? &body : body.find("spec");
  if (fields == nullptr || version == Version::v1alpha4) return true;
  const Value* destination = fields->find("destination");
  const bool bindings = any_of_kind(*fields, "sources", "IdentityBinding") ||
                        (destination && destination->text("kind") == "IdentityBinding");
  const bool udp = any_of_kind(*fields, flat ? "specs" : "rules", "UDPRoute");
  return !bindings && (!udp || version == Version::v1alpha3);
}

// ---- TrafficSplit: quantities in v1alpha1, `matches` since v1alpha3 -----------------------------

std::optional<Quantity> quantity_of(const Value* weight) {
  if (weight == nullptr) return std::nullopt;
  const auto* number = weight->as<Value::Number>();
  const auto* text = weight->as<std::string>();
  if (number == nullptr && text == nullptr) return std::nullopt;
  const auto quantity = parse_quantity(number ? number->digits : *text);
  if (!quantity || quantity->negative) return std::nullopt;
  return *quantity;
}

// Weights that are no quantities, or have no ratio of whole numbers, stay as they are: a conversion
// does not fail, and whoever reads the result says what is wrong with it.
void make_whole(Value* spec) {
  std::vector<Quantity> quantities;
  bool good = true;
  each(spec, "backends", [&](const Value& backend) {
    const auto quantity = quantity_of(backend.find("weight"));
    good = good && quantity;
    quantities.push_back(quantity.value_or(Quantity{}));
  });
  const auto weights = whole_weights(quantities);
  if (!good || !weights) return;
  std::size_t next = 0;
  each(spec, "backends", [&](Value& backend) {
    backend.set("weight", Value(Value::Number{std::to_string((*weights)[next++])}));
  });
}

void make_quantities(Value* spec) {
  each(spec, "backends", [](Value& backend) {
    const Value* weight = backend.find("weight");
    const auto* number = weight == nullptr ? nullptr : weight->as<Value::Number>();
    if (number != nullptr) backend.set("weight", Value(std::string(number->digits)));
  });
}

Value split_up(Value body, Version from) {
  Value* spec = mapping_in(body, "spec");
  if (spec != nullptr && from <= Version::v1alpha2) drop(*spec, {"matches"});
  if (from == Version::v1alpha1) make_whole(spec);
  return body;
}

Value split_down(Value body, Version to) {
  Value* spec = mapping_in(body, "spec");
  if (spec != nullptr && to <= Version::v1alpha2) drop(*spec, {"matches"});
  if (to == Version::v1alpha1) make_quantities(spec);
  return body;
}

// ---- kinds of one version
// ------------------------------------------------------------------------

Value as_it_is(Value body, Version) { return body; }
bool all_known(const Value&, Version) { return true; }

}  // namespace

ConversionSteps conversion_steps(std::string_view kind) {
  if (kind == "HTTPRouteGroup") return {group_up, group_down, all_known};
  if (kind == "TCPRoute") return {tcp_up, tcp_down, all_known};
  if (kind == "TrafficTarget") return {target_up, target_down, target_knows};
  if (kind == "TrafficSplit") return {split_up, split_down, all_known};
  return {as_it_is, as_it_is, all_known};
}

}  // namespace smic::resources
