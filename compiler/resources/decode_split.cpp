// SPDX-License-Identifier: Apache-2.0
// TrafficSplit: how the requests to one Service are shared out (SMI reference §2.6).
#include "compiler/resources/kinds.h"
#include "compiler/resources/quantity.h"
#include "compiler/resources/versions.h"

namespace smic::resources {
namespace {

constexpr std::string_view kSpecsGroup = "specs.smi-spec.io";

struct SplitForm {
  bool quantities;  // weights like 500m
  bool matches;
};

SplitForm split_form(Version version) {
  switch (version) {
    case Version::v1alpha1:
      return {.quantities = true, .matches = false};
    case Version::v1alpha2:
      return {.quantities = false, .matches = false};
    case Version::v1alpha3:
      return {.quantities = false, .matches = true};
    case Version::v1alpha4:
      return {.quantities = false, .matches = true};
  }
  return {};
}

void bad_weight(Object& object, const Node& node, std::string_view what, std::string help = {}) {
  object.error("E12", node.span,
               "weight " + quote(node.text) + " of " + object.title() + ' ' + std::string(what),
               std::move(help));
}

std::optional<Quantity> read_weight(const Fields& backend, SplitForm form) {
  Object& object = backend.object();
  const Node* node = backend.get("weight");
  if (node == nullptr) {
    backend.missing("weight");
    return std::nullopt;
  }
  const bool number = node->kind == NodeKind::scalar &&
                      (form.quantities || scalar_type(*node) == ScalarType::number);
  const auto quantity =
      number ? parse_quantity(node->text) : std::unexpected(QuantityError::malformed);
  if (!quantity && quantity.error() == QuantityError::malformed) {
    const bool digits = node->kind == NodeKind::scalar && parse_quantity(node->text);
    const std::string expected = form.quantities ? "a quantity" : "a whole number";
    const std::string text = node->kind == NodeKind::scalar ? quote(node->text) : "this";
    object.error("E01", node->span,
                 "`" + backend.path_of("weight") + "` of " + object.title() + " must be " +
                     expected + ", but " + text + " is none",
                 digits ? "write " + std::string(node->text) + " without quotes" : "");
    return std::nullopt;
  }
  if (!quantity) {
    bad_weight(object, *node, "is too large");
  } else if (quantity->negative && quantity->nano != 0) {
    bad_weight(object, *node, "is negative", "0 sends nothing to a backend");
  } else if (!form.quantities && !quantity->whole()) {
    bad_weight(object, *node, "is not a whole number",
               "weights are relative: 1.5 to 1 is the same as 3 to 2");
  } else if (!form.quantities && quantity->nano / 1'000'000'000 > kHighestWeight) {
    bad_weight(object, *node, "is too large", "the highest is 2147483647");
  } else {
    return *quantity;
  }
  return std::nullopt;
}

// Backends with weights still as written; they become whole together.
struct Weighed {
  std::vector<SplitBackend> backends;
  std::vector<Quantity> quantities;
};

void read_backend(const Fields& fields, SplitForm form, Weighed& weighed) {
  fields.know({"service", "weight"});
  SplitBackend backend;
  backend.service = fields.required_text("service");
  const std::optional<Quantity> quantity = read_weight(fields, form);
  const Node* weight = fields.get("weight");
  backend.weight.span = weight == nullptr ? fields.span() : weight->span;
  weighed.backends.push_back(std::move(backend));
  weighed.quantities.push_back(quantity.value_or(Quantity{}));
}

// Empty or specs.smi-spec.io, with or without a version (D-30).
bool is_specs_group(std::string_view group) {
  return group.empty() || group == kSpecsGroup ||
         (group.starts_with(kSpecsGroup) && group[kSpecsGroup.size()] == '/');
}

SplitMatch read_match(const Fields& fields) {
  Object& object = fields.object();
  fields.know({"kind", "name", "apiGroup"});
  SplitMatch match;
  match.kind = fields.required_text("kind");
  if (match.kind.span.line != 0 && match.kind.value != "HTTPRouteGroup") {
    object.error("E16", match.kind.span,
                 "a match of " + object.title() + " must be an HTTPRouteGroup, but is " +
                     quote(match.kind.value),
                 suggest(match.kind.value, {"HTTPRouteGroup"}));
  }
  if (const auto group = fields.text("apiGroup"); group && !is_specs_group(group->value)) {
    object.error("E16", group->span, quote(group->value) + " is not the group of HTTPRouteGroup",
                 "it is `specs.smi-spec.io`, or leave it out");
  }
  match.name = fields.required_name("name");
  return match;
}

void tell_of_early_matches(const Fields& spec) {
  const Node* key = spec.key_of("matches");
  if (key == nullptr) return;
  Object& object = spec.object();
  object.warn("W15", key->span,
              "`spec.matches` is no field of " + object.title() + " in " +
                  quote(object.api_version.value) + ", so it takes every request",
              "conditions came with v1alpha3");
}

}  // namespace

void decode_traffic_split(Object& object, const Fields& fields, Set& set) {
  const SplitForm form = split_form(version_of(object));
  TrafficSplit split{.meta = object.meta, .origin = {object.api_version.value}};
  const Fields spec = body_of(fields, {}, {"service", "backends", "matches"});
  if (!spec.exists()) return;
  if (!form.matches) tell_of_early_matches(spec);

  split.service = spec.required_text("service");
  Weighed weighed;
  spec.each("backends", [&](const Node& item, const std::string& path) {
    read_backend(spec.item(item, path), form, weighed);
  });
  const Node* backends = spec.get("backends");
  if (backends == nullptr || (weighed.backends.empty() && backends->kind == NodeKind::sequence)) {
    const Node* key = spec.key_of("backends");
    object.error("E12", key == nullptr ? spec.span() : key->span,
                 object.title() + " has no backends");
  }
  if (const auto weights = whole_weights(weighed.quantities)) {
    for (std::size_t i = 0; i < weights->size(); ++i) {
      weighed.backends[i].weight.value = (*weights)[i];
    }
  } else {
    object.error("E12", backends->span,
                 "the weights of " + object.title() + " have no ratio of whole numbers up to " +
                     std::to_string(kHighestWeight));
  }
  split.backends = std::move(weighed.backends);
  if (form.matches) {
    spec.each("matches", [&](const Node& item, const std::string& path) {
      split.matches.push_back(read_match(spec.item(item, path)));
    });
  }
  keep(object, set.traffic_splits, std::move(split));
}

}  // namespace smic::resources
