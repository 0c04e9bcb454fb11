// SPDX-License-Identifier: Apache-2.0
// From sources to the set: each object in a document is told by its group and kind, and handed to
// its decoder. Lists are opened up; what is not ours is passed over in silence, since real
// manifests are full of ConfigMaps and Ingresses; what claims to be SMI and is not is told.
#include <algorithm>
#include <set>
#include <unordered_map>

#include "compiler/resources/convert.h"
#include "compiler/resources/documents.h"
#include "compiler/resources/kinds.h"
#include "compiler/resources/known_kinds.h"
#include "compiler/resources/resources.h"
#include "compiler/resources/versions.h"

namespace smic::resources {
namespace {

class SetDecoder {
 public:
  SetDecoder(Diagnostics& diagnostics, const Methods& extensions)
      : diagnostics_(diagnostics), extensions_(extensions) {}

  void source(SourceId source) {
    read_source(diagnostics_, source, [&](const Node& root) { object(&root, {}); });
  }

  Set take() {
    prefer_slices();
    return std::move(set_);
  }

 private:
  void tell(const Failure& failure) {
    diagnostics_.report(failure.code, failure.span, failure.message, failure.help);
  }

  // What the items of a typed list ("PodList") need not repeat.
  struct Inherited {
    std::string_view api_version;
    std::string_view kind;
  };

  void object(const Node* root, Inherited inherited) {
    if (root == nullptr || root->kind == NodeKind::null) return;
    if (root->kind != NodeKind::mapping) {
      tell({"E54", root->span, "this is no Kubernetes object",
            root->kind == NodeKind::sequence ? "write one object per document, or `kind: List`"
                                             : ""});
      return;
    }
    Object object{diagnostics_, *root, {}, {}, {}};
    object.api_version = header(object, "apiVersion", inherited.api_version);
    object.kind = header(object, "kind", inherited.kind);
    object.meta.span = root->span;
    if (object.api_version.value.empty() && object.kind.value.empty() && !object.failed) {
      tell({"E54",
            root->span,
            "this is no Kubernetes object: `apiVersion` and `kind` are missing",
            {}});
    } else if (object.api_version.value.empty() && !object.failed) {
      tell({"E54", root->span, "this is no Kubernetes object: `apiVersion` is missing", {}});
    } else if (object.kind.value.empty() && !object.failed) {
      tell({"E54", root->span, "this is no Kubernetes object: `kind` is missing", {}});
    } else if (!object.failed) {
      by_kind(object);
    }
  }

  static Text header(Object& object, std::string_view key, std::string_view inherited) {
    const Node* node = find(object.root, key);
    if (node == nullptr || node->kind == NodeKind::null) {
      return {std::string(inherited), object.root.span};
    }
    return read_text(object, *node, std::string(key)).value_or(Text{});
  }

  void by_kind(Object& object) {
    const Node* items = find(object.root, "items");
    if (object.kind.value.ends_with("List") && items != nullptr) return list(object, *items);
    const ApiVersion api = parse_api_version(object.api_version.value);
    const Kind* kind = find_kind(api.group, object.kind.value);
    if (kind == nullptr || !has_version(*kind, api.version)) return tell_unknown(object, api, kind);
    decode_as(*kind, object);
  }

  void list(Object& list, const Node& items) {
    if (items.kind == NodeKind::null) return;
    if (items.kind != NodeKind::sequence) {
      tell({"E01", items.span, "`items` of a " + list.kind.value + " must be a list", {}});
      return;
    }
    Inherited inherited;
    if (list.kind.value != "List") {
      const std::string_view kind = list.kind.value;
      inherited = {list.api_version.value, kind.substr(0, kind.size() - std::size("List") + 1)};
    }
    for (const Entry& item : items.entries) object(item.value, inherited);
  }

  void decode_as(const Kind& kind, Object& object) {
    object.strict = kind.is_smi();
    object.extension_methods = &extensions_;
    const Fields fields(object, &object.root, "", object.root.span);
    read_metadata(fields, kind.name != "Namespace");
    if (is_repeated(object)) return;
    if (kind.is_smi() && version_of(object) < Version::v1alpha3) {
      object.warn("W16", object.api_version.span,
                  quote(object.api_version.value) + " is deprecated",
                  "write it as `" + std::string(kind.group) + "/v1alpha4`");
    }
    decode_as_written(kind, object, fields);
    const Metadata& meta = object.meta;
    if (object.failed) {
      set_.left_out.push_back({object.kind.value, meta.ns.value, meta.name.value});
    } else {
      seen_.emplace(identity_of(object), meta.name.span);
    }
  }

  // An object that a conversion took something from says it all in an annotation, and what it says
  // there counts: reading only what is visible would make conditions and ports disappear.
  void decode_as_written(const Kind& kind, Object& object, const Fields& fields) {
    const Node* note = conversion_note(object);
    if (note == nullptr) return kind.decode(object, fields, set_);
    Value visible = value_of(object.root);
    visible.set("apiVersion",
                Value(object.api_version.value));  // an item of a list has it from there
    visible.set("kind", Value(object.kind.value));
    const auto written = as_first_written(visible);
    if (!written) {
      object.warn(
          "W16", note->span,
          "what a conversion kept of " + object.title() + " no longer fits it, so it is ignored",
          "remove the annotation if the object says what you mean");
      return kind.decode(object, fields, set_);
    }
    object.warn("W16", note->span,
                object.title() + " was written as `" + written->text("apiVersion") +
                    "`, and what " + quote(object.api_version.value) +
                    " cannot say of it is read from here");
    TreeBuilder builder({});
    build(*written, note->span, builder);
    Object whole{diagnostics_,
                 *builder.root(),
                 {written->text("apiVersion"), note->span},
                 object.kind,
                 object.meta};
    whole.strict = true;
    whole.extension_methods = &extensions_;
    kind.decode(whole, Fields(whole, &whole.root, "", note->span), set_);
    object.failed = object.failed || whole.failed;
  }

  // Its annotation about the versions that it went through, or null.
  static const Node* conversion_note(const Object& object) {
    const Node* metadata = find(object.root, "metadata");
    const Node* annotations = metadata ? find(*metadata, "annotations") : nullptr;
    if (annotations == nullptr || annotations->kind != NodeKind::mapping) return nullptr;
    const auto note = std::ranges::find_if(annotations->entries, [](const Entry& entry) {
      return entry.key->text.starts_with(kConversionNote);
    });
    return note == annotations->entries.end() ? nullptr : note->value;
  }

  static std::string identity_of(const Object& object) {
    return std::string(parse_api_version(object.api_version.value).group) + '\n' +
           object.kind.value + '\n' + object.meta.ns.value + '\n' + object.meta.name.value;
  }

  // An object may be written once; the first one stays.
  bool is_repeated(Object& object) {
    const auto first = seen_.find(identity_of(object));
    if (first == seen_.end()) return false;
    object
        .warn("W50", object.meta.name.span,
              object.title() + " in namespace " + quote(object.meta.ns.value) +
                  " was defined before, so this one is left out")
        .notes.push_back({first->second, "the first one is here"});
    return true;
  }

  // A cluster keeps Endpoints and EndpointSlices of the same Service; the slices say more.
  void prefer_slices() {
    std::set<std::pair<std::string, std::string>> sliced;
    for (const EndpointSlice& slice : set_.endpoint_slices) {
      if (!slice.from_endpoints) sliced.emplace(slice.meta.ns.value, slice.service);
    }
    std::erase_if(set_.endpoint_slices, [&](const EndpointSlice& slice) {
      return slice.from_endpoints && sliced.contains({slice.meta.ns.value, slice.service});
    });
  }

  Diagnostics& diagnostics_;
  const Methods& extensions_;
  Set set_;
  std::unordered_map<std::string, Span> seen_;
};

}  // namespace

Set decode(const Sources& sources, Diagnostics& diagnostics, const Methods& extensions) {
  SetDecoder decoder(diagnostics, extensions);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const SourceId source(i);
    if (!is_smir(sources.name(source), sources.text(source))) decoder.source(source);
  }
  return decoder.take();
}

Set decode(const Sources& sources, SourceId source, Diagnostics& diagnostics,
           const Methods& extensions) {
  SetDecoder decoder(diagnostics, extensions);
  if (!is_smir(sources.name(source), sources.text(source))) decoder.source(source);
  return decoder.take();
}

}  // namespace smic::resources
