// SPDX-License-Identifier: Apache-2.0
// From sources to the set: each document is read, each object in it told by its group and kind, and
// handed to its decoder. Lists are opened up; what is not ours is passed over in silence, since
// real manifests are full of ConfigMaps and Ingresses; what claims to be SMI and is not is told.
#include <algorithm>
#include <set>
#include <span>
#include <unordered_map>

#include "compiler/resources/documents.h"
#include "compiler/resources/kinds.h"
#include "compiler/resources/limits.h"
#include "compiler/resources/resources.h"
#include "compiler/resources/versions.h"

namespace smic::resources {
namespace {

constexpr std::string_view kSmiDomain = "smi-spec.io";
constexpr std::string_view kStdin = "<stdin>";

struct Kind {
  std::string_view group;
  std::string_view name;
  Decoder decode;
  int first_version = 0;  // of SMI kinds: the first of v1alpha1 to v1alpha4
  bool is_smi() const { return first_version > 0; }
};

constexpr Kind kKinds[] = {
    {"", "Namespace", decode_namespace},
    {"", "ServiceAccount", decode_service_account},
    {"", "Service", decode_service},
    {"", "Endpoints", decode_endpoints},
    {"", "Pod", decode_pod},
    {"", "ReplicationController", decode_workload},
    {"discovery.k8s.io", "EndpointSlice", decode_endpoint_slice},
    {"apps", "Deployment", decode_workload},
    {"apps", "StatefulSet", decode_workload},
    {"apps", "DaemonSet", decode_workload},
    {"apps", "ReplicaSet", decode_workload},
    {"extensions", "Deployment", decode_workload},
    {"extensions", "DaemonSet", decode_workload},
    {"extensions", "ReplicaSet", decode_workload},
    {"batch", "Job", decode_workload},
    {"batch", "CronJob", decode_workload},
    {"specs.smi-spec.io", "HTTPRouteGroup", decode_http_route_group, 1},
    {"specs.smi-spec.io", "TCPRoute", decode_tcp_route, 1},
    {"specs.smi-spec.io", "UDPRoute", decode_udp_route, 4},
    {"access.smi-spec.io", "TrafficTarget", decode_traffic_target, 1},
    {"access.smi-spec.io", "IdentityBinding", decode_identity_binding, 4},
    {"split.smi-spec.io", "TrafficSplit", decode_traffic_split, 1},
};

// Kinds that other API groups have too say nothing about SMI by their name.
bool is_only_smi(const Kind& kind) {
  return kind.is_smi() && kind.name != "TCPRoute" && kind.name != "UDPRoute";
}

struct ApiVersion {
  std::string_view group;
  std::string_view version;
};

ApiVersion parse_api_version(std::string_view text) {
  const std::size_t slash = text.rfind('/');
  if (slash == text.npos) return {"", text};
  return {text.substr(0, slash), text.substr(slash + 1)};
}

const Kind* find_kind(std::string_view group, std::string_view name) {
  for (const Kind& kind : kKinds) {
    if (kind.group == group && kind.name == name) return &kind;
  }
  return nullptr;
}

const Kind* find_kind_of_any_group(std::string_view name) {
  for (const Kind& kind : kKinds) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

bool has_version(const Kind& kind, std::string_view version) {
  if (!kind.is_smi()) return true;
  constexpr std::string_view kAlpha = "v1alpha";
  return version.size() == kAlpha.size() + 1 && version.starts_with(kAlpha) &&
         version.back() >= '0' + kind.first_version && version.back() <= '4';
}

// "v1alpha1, v1alpha2, …" of an SMI kind.
std::vector<std::string> versions_of(const Kind& kind) {
  std::vector<std::string> versions;
  for (int version = kind.first_version; version <= 4; ++version) {
    versions.push_back("v1alpha" + std::to_string(version));
  }
  return versions;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "`" : ", `") + word + '`';
  return text;
}

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
    if (kind == nullptr || !has_version(*kind, api.version)) return unknown(object, api, kind);
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

  static void read_metadata(const Fields& fields, bool namespaced) {
    Object& object = fields.object();
    const Fields meta = fields.mapping("metadata");
    meta.know({"name", "generateName", "namespace", "labels", "annotations", "uid",
               "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds",
               "resourceVersion", "generation", "selfLink", "ownerReferences", "finalizers",
               "managedFields", "clusterName"});
    object.meta.ns = {namespaced ? "default" : "", meta.span()};
    if (meta.get("name") == nullptr) {
      object.error("E54", meta.span(),
                   "`metadata.name` of this " + object.kind.value + " is missing");
    } else {
      object.meta.name = meta.required_name("name");
    }
    if (namespaced && meta.get("namespace") != nullptr) {
      const Text ns = meta.required_name("namespace");
      if (!ns.value.empty()) object.meta.ns = ns;
    }
    object.meta.labels = meta.labels("labels");
    object.meta.annotations = meta.labels("annotations");
    object.meta.created = meta.plain_text("creationTimestamp");
    object.meta.uid = meta.plain_text("uid");
    object.meta.deleting = meta.get("deletionTimestamp") != nullptr;
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

  void unknown(Object& object, const ApiVersion& api, const Kind* kind) {
    if (kind != nullptr) {
      object.error("E55", object.api_version.span,
                   object.kind.value + " has no version " + quote(api.version),
                   "its versions are " + joined(versions_of(*kind)));
      return;
    }
    const bool smi = api.group.ends_with(kSmiDomain);
    const Kind* elsewhere = find_kind_of_any_group(object.kind.value);
    if (smi) {
      unknown_smi(object, api, elsewhere);
    } else if (elsewhere != nullptr && is_only_smi(*elsewhere)) {
      const std::string group(elsewhere->group);
      if (!api.group.empty() && did_you_mean(api.group, {group}).empty()) return;
      object.error(
          "E55", object.api_version.span,
          quote(object.api_version.value) + " is not the version of a " + object.kind.value,
          "it is `" + group + "/v1alpha4`");
    } else {
      unknown_kubernetes(object, api, elsewhere);
    }
  }

  static void unknown_smi(Object& object, const ApiVersion& api, const Kind* elsewhere) {
    std::vector<std::string> kinds;
    for (const Kind& kind : kKinds) {
      if (kind.is_smi()) kinds.emplace_back(kind.name);
    }
    std::string help = suggest(object.kind.value, kinds);
    Span span = object.kind.span;
    if (elsewhere != nullptr && elsewhere->is_smi()) {
      help = object.kind.value + " is in `" + std::string(elsewhere->group) + '`';
      span = object.api_version.span;
    } else if (api.group == "metrics.smi-spec.io") {
      help = "metrics are asked for, not applied";
    } else if (help.empty()) {
      help = "the kinds are " + joined(kinds);
    }
    object.error("E55", span, quote(object.kind.value) + " is no kind of " + quote(api.group),
                 std::move(help));
  }

  // Only slips are told of: Kubernetes has more kinds than we know.
  static void unknown_kubernetes(Object& object, const ApiVersion& api, const Kind* elsewhere) {
    std::vector<std::string> kinds;
    for (const Kind& kind : kKinds) {
      if (kind.group == api.group) kinds.emplace_back(kind.name);
    }
    if (kinds.empty()) return;  // a group that is not ours
    std::string help = suggest(object.kind.value, kinds);
    if (elsewhere != nullptr) {
      help = object.kind.value + " is in the API group `" + std::string(elsewhere->group) + '`';
      if (elsewhere->group.empty()) help = object.kind.value + " is in `v1`";
    }
    if (help.empty()) return;
    object.warn("W51", object.kind.span,
                quote(object.kind.value) + " is no kind of " + quote(object.api_version.value) +
                    ", so it is left out",
                std::move(help));
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
