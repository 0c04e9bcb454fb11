// SPDX-License-Identifier: Apache-2.0
// From sources to the set: each document is read, each object in it told by its group and kind, and
// handed to its decoder. Lists are opened up; what is not ours is passed over in silence, since
// real manifests are full of ConfigMaps and Ingresses; what claims to be SMI and is not is told.
#include <algorithm>
#include <set>
#include <unordered_map>

#include "compiler/resources/documents.h"
#include "compiler/resources/kinds.h"
#include "compiler/resources/known_kinds.h"
#include "compiler/resources/limits.h"
#include "compiler/resources/resources.h"
#include "compiler/resources/versions.h"

namespace smic::resources {
namespace {

constexpr std::string_view kStdin = "<stdin>";

class SetDecoder {
 public:
  explicit SetDecoder(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  void source(SourceId source) {
    const std::string& name = diagnostics_.sources().name(source);
    const std::vector<Document> documents = split_documents(diagnostics_.sources(), source);
    for (std::size_t i = 0; i < documents.size(); ++i) {
      if (i == limits::kDocuments) {
        tell({"E51",
              {source, documents[i].first_line, 1, 1},
              "this stream has more than " + std::to_string(limits::kDocuments) + " documents",
              {}});
        return;
      }
      document(documents[i], name.ends_with(".json"));
    }
  }

  Set take() {
    prefer_slices();
    return std::move(set_);
  }

 private:
  void tell(const Failure& failure) {
    diagnostics_.report(failure.code, failure.span, failure.message, failure.help);
  }

  void document(const Document& document, bool is_json) {
    if (const auto failure = check_text(document)) return tell(*failure);
    if (!is_json && !looks_like_json(document.text)) return yaml(document);
    if (const auto failure = json(document)) {
      // YAML's flow style looks much like JSON; whatever is wrong with it as well is JSON's matter.
      if (is_json || failure->code == "E51") return tell(*failure);
      TreeBuilder builder(document.text);
      read_yaml(document, builder);
      if (builder.failure()) return tell(*failure);
      object(builder.root(), {});
    }
  }

  void yaml(const Document& document) {
    TreeBuilder builder(document.text);
    read_yaml(document, builder);
    if (builder.failure()) return tell(*builder.failure());
    object(builder.root(), {});
  }

  // All values of the document, one after the other; those before a broken one are kept.
  std::optional<Failure> json(Document document) {
    do {
      TreeBuilder builder(document.text);
      const std::size_t end = read_json(document, builder);
      if (builder.failure()) return builder.failure();
      object(builder.root(), {});
      document.first_line +=
          static_cast<std::uint32_t>(std::ranges::count(document.text.substr(0, end), '\n'));
      document.text.remove_prefix(end);
    } while (document.text.find_first_not_of(" \t\r\n") != document.text.npos);
    return std::nullopt;
  }

  // `{` and then a key in quotes, or nothing.
  static bool looks_like_json(std::string_view text) {
    if (text.starts_with("---")) text.remove_prefix(3);
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first == text.npos || text[first] != '{') return false;
    const std::size_t second = text.find_first_not_of(" \t\r\n", first + 1);
    return second != text.npos && (text[second] == '"' || text[second] == '}');
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
    const Fields fields(object, &object.root, "", object.root.span);
    read_metadata(fields, kind.name != "Namespace");
    if (is_repeated(object)) return;
    if (kind.is_smi() && version_of(object) < Version::v1alpha3) {
      object.warn("W16", object.api_version.span,
                  quote(object.api_version.value) + " is deprecated",
                  "write it as `" + std::string(kind.group) + "/v1alpha4`");
    }
    kind.decode(object, fields, set_);
    const Metadata& meta = object.meta;
    if (object.failed) {
      set_.left_out.push_back({object.kind.value, meta.ns.value, meta.name.value});
    } else {
      seen_.emplace(identity_of(object), meta.name.span);
    }
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
  Set set_;
  std::unordered_map<std::string, Span> seen_;
};

}  // namespace

Set decode(const Sources& sources, Diagnostics& diagnostics) {
  SetDecoder decoder(diagnostics);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const SourceId source(i);
    if (!is_smir(sources.name(source), sources.text(source))) decoder.source(source);
  }
  return decoder.take();
}

bool is_smir(const std::string& name, std::string_view text) {
  if (name.ends_with(".smir")) return true;
  if (name != kStdin) return false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    const std::size_t first = line.find_first_not_of(" \t\r");
    if (first != line.npos && line[first] != '#' && !line.substr(first).starts_with("//")) {
      return line.substr(first).starts_with("unit ");
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return false;
}

}  // namespace smic::resources
