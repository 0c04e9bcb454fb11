// SPDX-License-Identifier: Apache-2.0
// HTTPRouteGroup, TCPRoute and UDPRoute: what traffic a rule or a split speaks of (SMI reference
// §2.1, §2.2).
#include <algorithm>
#include <array>
#include <unordered_map>

#include "compiler/resources/kinds.h"
#include "compiler/resources/versions.h"

namespace smic::resources {
namespace {

// ---- HTTPRouteGroup --------------------------------------------------------------------------

struct GroupForm {
  bool below_spec;
  bool headers;
};

GroupForm group_form(Version version) {
  switch (version) {
    case Version::v1alpha1:
      return {.below_spec = false, .headers = false};
    case Version::v1alpha2:
      return {.below_spec = false, .headers = true};
    case Version::v1alpha3:
      return {.below_spec = true, .headers = true};
    case Version::v1alpha4:
      return {.below_spec = true, .headers = true};
  }
  return {};
}

std::vector<Text> read_methods(const Fields& match) {
  std::vector<Text> methods = match.texts("methods");
  Methods known(kMethods.begin(), kMethods.end());
  if (const Methods* extensions = match.object().extension_methods) {
    known.insert(known.end(), extensions->begin(), extensions->end());
  }
  for (const Text& method : methods) {
    if (method.value == "*" || std::ranges::find(known, method.value) != known.end()) continue;
    std::string help = suggest(method.value, known);
    if (help.empty()) {
      help = "the methods are `*`";
      for (const std::string& name : known) help += ", `" + name + '`';
    }
    match.object().error("E04", method.span,
                         quote(method.value) + " in " + match.object().title() + " is no method",
                         std::move(help));
  }
  return methods;
}

bool is_token(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").contains(c);
  });
}

void add_header(Object& object, const Entry& entry, const std::string& path,
                std::vector<HeaderCondition>& headers) {
  const std::string_view name = entry.key->text;
  if (!is_token(name)) {
    const bool pseudo = name.starts_with(':');
    object.error("E05", entry.key->span,
                 quote(name) + " in " + object.title() + " cannot be the name of a header",
                 pseudo && name == ":authority" ? "use `host`"
                 : pseudo                       ? "pseudo-headers cannot be matched"
                                                : "");
    return;
  }
  if (entry.value->kind == NodeKind::null) {
    object.error("E01", entry.key->span,
                 "header " + quote(name) + " of " + object.title() + " has no pattern",
                 "`.*` accepts every value");
    return;
  }
  std::optional<Text> regex = read_text(object, *entry.value, path + '.' + std::string(name));
  if (!regex) return;
  HeaderCondition header{Text{std::string(name), entry.key->span}, std::move(*regex)};
  std::ranges::transform(header.name.value, header.name.value.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  headers.push_back(std::move(header));
}

// A mapping of names to patterns, or a list of mappings with one name each (D-5).
std::vector<HeaderCondition> read_headers(const Fields& match) {
  std::vector<HeaderCondition> headers;
  Object& object = match.object();
  const std::string path = match.path_of("headers");
  const Node* node = match.get("headers");
  if (node == nullptr) return headers;
  if (node->kind != NodeKind::sequence) {
    const Fields fields(object, node, path, match.span());
    if (!fields.exists()) return headers;
    for (const Entry& entry : node->entries) add_header(object, entry, path, headers);
    return headers;
  }
  match.each("headers", [&](const Node& item, const std::string& item_path) {
    if (item.kind != NodeKind::mapping || item.entries.size() != 1) {
      object.error("E05", item.span,
                   "an item of `" + path + "` of " + object.title() + " must have exactly one key",
                   "write `headers` as one mapping of names to patterns");
      return;
    }
    add_header(object, item.entries[0], item_path, headers);
  });
  return headers;
}

HttpMatch read_match(const Fields& fields, GroupForm form) {
  Object& object = fields.object();
  fields.know({"name", "pathRegex", "methods", "headers"});
  HttpMatch match;
  match.span = fields.span();
  match.name = fields.required_text("name");
  if (match.name.span.line != 0 && match.name.value.empty()) {
    object.error("E02", match.name.span, "a match of " + object.title() + " has an empty name");
  }
  match.path_regex = fields.text("pathRegex");
  match.methods = read_methods(fields);
  if (form.headers) {
    match.headers = read_headers(fields);
  } else if (const Node* key = fields.key_of("headers")) {
    object.warn(
        "W15", key->span,
        "`headers` of " + object.title() + " is ignored in " + quote(object.api_version.value),
        "headers came with v1alpha2");
  }
  return match;
}

void check_names(Object& object, const std::vector<HttpMatch>& matches) {
  std::unordered_map<std::string_view, const HttpMatch*> seen;
  for (const HttpMatch& match : matches) {
    if (match.name.value.empty()) continue;
    const auto [first, is_new] = seen.emplace(match.name.value, &match);
    if (is_new) continue;
    object
        .error("E02", match.name.span,
               "two matches of " + object.title() + " have the name " + quote(match.name.value))
        .notes.push_back({first->second->name.span, "the first one is here"});
  }
}

// ---- TCPRoute and UDPRoute -------------------------------------------------------------------

// UDPRoute has v1alpha4 only.
struct L4Form {
  bool below_spec;
  bool ports;
};

L4Form l4_form(Version version) {
  switch (version) {
    case Version::v1alpha1:
      return {.below_spec = false, .ports = false};
    case Version::v1alpha2:
      return {.below_spec = false, .ports = false};
    case Version::v1alpha3:
      return {.below_spec = true, .ports = false};
    case Version::v1alpha4:
      return {.below_spec = true, .ports = true};
  }
  return {};
}

void decode_l4_route(Object& object, const Fields& fields, std::vector<L4Route>& routes) {
  const L4Form form = l4_form(version_of(object));
  L4Route route{.meta = object.meta, .origin = {object.api_version.value}};
  const Form place{.below_spec = form.below_spec, .spec_required = false};
  if (!form.ports) {
    body_of(fields, place, {});
    return keep(object, routes, std::move(route));
  }
  const Fields spec = body_of(fields, place, {"matches"});
  const Node* matches = spec.get("matches");
  if (matches != nullptr && matches->kind == NodeKind::sequence) {
    object.error("E01", matches->span,
                 "`spec.matches` of " + object.title() + " must be a mapping, but this is a list",
                 "write `matches:` and below it `ports: [8080]`");
    return;
  }
  const Fields match = spec.mapping("matches");
  match.know({"ports", "name"});
  route.match_name = match.plain_text("name");
  match.each("ports", [&](const Node& item, const std::string& path) {
    if (const auto port = read_port(object, item, path)) route.ports.push_back(*port);
  });
  keep(object, routes, std::move(route));
}

}  // namespace

void decode_http_route_group(Object& object, const Fields& fields, Set& set) {
  const GroupForm form = group_form(version_of(object));
  HttpRouteGroup group{.meta = object.meta, .origin = {object.api_version.value}};
  const Fields body = body_of(fields, {.below_spec = form.below_spec}, {"matches"});
  body.each("matches", [&](const Node& item, const std::string& path) {
    group.matches.push_back(read_match(body.item(item, path), form));
  });
  if (body.exists() && body.get("matches") == nullptr) {
    body.missing("matches");
  } else if (body.exists() && body.get("matches")->entries.empty()) {
    object.warn("W03", body.key_of("matches")->span,
                object.title() + " has no matches, so it matches nothing");
  }
  check_names(object, group.matches);
  keep(object, set.http_route_groups, std::move(group));
}

void decode_tcp_route(Object& object, const Fields& fields, Set& set) {
  decode_l4_route(object, fields, set.tcp_routes);
}

void decode_udp_route(Object& object, const Fields& fields, Set& set) {
  decode_l4_route(object, fields, set.udp_routes);
}

}  // namespace smic::resources
