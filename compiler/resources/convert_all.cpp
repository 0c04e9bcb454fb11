// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "compiler/resources/convert.h"
#include "compiler/resources/documents.h"
#include "compiler/resources/known_kinds.h"
#include "compiler/resources/resources.h"
#include "compiler/resources/versions.h"

namespace smic::resources {
namespace {

constexpr std::string_view kList = "List";

bool is_smi_group(std::string_view group) {
  const auto& kinds = known_kinds();
  return std::ranges::any_of(
      kinds, [&](const Kind& kind) { return kind.is_smi() && kind.group == group; });
}

bool has_note(const Value& object) {
  const Value* metadata = object.find("metadata");
  const Value* annotations = metadata ? metadata->find("annotations") : nullptr;
  const auto* members = annotations ? annotations->as<Value::Members>() : nullptr;
  return members && std::ranges::any_of(*members, [](const auto& member) {
           return member.first.starts_with(kConversionNote);
         });
}

std::string title_of(const Value& object) {
  const Value* metadata = object.find("metadata");
  const std::string name = metadata ? metadata->text("name") : std::string();
  return object.text("kind") + (name.empty() ? "" : ' ' + quote(name));
}

// A tree and what it becomes, side by side: the tree knows the places.
class Converter {
 public:
  Converter(const ConversionGoal& goal, Diagnostics& diagnostics)
      : goal_(goal), diagnostics_(diagnostics) {}

  // As deep as lists are within each other, which limits::kDepth bounds.
  Value convert(const Node& node) {
    Value object = value_of(node);
    const Node* items = find(node, "items");
    if (items != nullptr && items->kind == NodeKind::sequence &&
        object.text("kind").ends_with(kList)) {
      return list(std::move(object), *items);
    }
    return is_meant(object, object.text("kind")) ? one(std::move(object), node) : object;
  }

 private:
  bool is_meant(const Value& object, std::string_view kind) const {
    const std::string api_version = object.text("apiVersion");
    const ApiVersion api = parse_api_version(api_version);
    return is_smi_group(api.group) && find_kind(api.group, kind) != nullptr &&
           (goal_.group.empty() || goal_.group == api.group);
  }

  std::string target_of(const Value& object) const {
    return std::string(parse_api_version(object.text("apiVersion")).group) + '/' + goal_.version;
  }

  Value list(Value object, const Node& nodes) {
    Value::List converted;
    for (const Entry& item : nodes.entries) converted.push_back(convert(*item.value));
    object.set("items", Value(std::move(converted)));
    const std::string kind = object.text("kind");
    if (is_meant(object, std::string_view(kind).substr(0, kind.size() - kList.size()))) {
      object.set("apiVersion", Value(target_of(object)));
    }
    return object;
  }

  Value one(Value object, const Node& node) {
    auto converted = resources::convert(object, target_of(object));
    if (!converted) {
      const Node* version = find(node, "apiVersion");
      diagnostics_.report("E55", version ? version->span : node.span,
                          title_of(object) + " stays as it is: " + converted.error());
      return object;
    }
    if (has_note(*converted) && !has_note(object)) {
      diagnostics_.report("W16", node.span,
                          '`' + goal_.version + "` cannot say all of " + title_of(object) +
                              ", so an annotation keeps it",
                          "it is restored when the object is converted back");
    }
    return std::move(*converted);
  }

  const ConversionGoal& goal_;
  Diagnostics& diagnostics_;
};

}  // namespace

std::optional<ConversionGoal> parse_goal(std::string_view text) {
  const ApiVersion api = parse_api_version(text);
  const bool group_fits = api.group.empty() ? !text.contains('/') : is_smi_group(api.group);
  if (!group_fits || !version_named(api.version)) return std::nullopt;
  return ConversionGoal{std::string(api.group), std::string(api.version)};
}

std::vector<Value> convert_all(const Sources& sources, const ConversionGoal& goal,
                               Diagnostics& diagnostics) {
  Converter converter(goal, diagnostics);
  std::vector<Value> converted;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const SourceId source(i);
    if (is_smir(sources.name(source), sources.text(source))) continue;
    read_source(diagnostics, source, [&](const Node& root) {
      if (root.kind != NodeKind::null) converted.push_back(converter.convert(root));
    });
  }
  return converted;
}

}  // namespace smic::resources
