// SPDX-License-Identifier: Apache-2.0
// TrafficTarget: who may call whom, for what (SMI reference §2.3, §2.4).
#include <algorithm>

#include "compiler/resources/kinds.h"
#include "compiler/resources/versions.h"

namespace smic::resources {
namespace {

constexpr std::string_view kAccessGroup = "access.smi-spec.io";

struct TargetForm {
  bool below_spec;
  std::string_view rules;  // the list's name
  bool port;               // destination.port
  bool udp_routes;         // as rules
  bool identity_bindings;  // as subjects, and their `group`
  bool must_have_all;      // at least one source and one rule
};

TargetForm target_form(Version version) {
  switch (version) {
    case Version::v1alpha1:
      return {false, "specs", true, false, false, false};
    case Version::v1alpha2:
      return {true, "rules", true, false, false, false};
    case Version::v1alpha3:
      return {true, "rules", false, true, false, true};
    case Version::v1alpha4:
      return {true, "rules", false, true, true, true};
  }
  return {};
}

void check_kind(const Fields& fields, const Text& kind, const std::vector<std::string>& allowed,
                std::string_view code, std::string_view role) {
  if (kind.span.line == 0 || std::ranges::find(allowed, kind.value) != allowed.end()) return;
  std::string help = suggest(kind.value, allowed);
  if (kind.value == "UDPRoute") help = "rules of kind UDPRoute came with v1alpha3";
  if (kind.value == "IdentityBinding") help = "IdentityBindings came with v1alpha4";
  if (help.empty()) {
    help = "it can be";
    for (std::size_t i = 0; i < allowed.size(); ++i) {
      help += (i == 0 ? " `" : i + 1 == allowed.size() ? " or `" : ", `") + allowed[i] + '`';
    }
  }
  Object& object = fields.object();
  object.error(std::string(code), kind.span,
               quote(kind.value) + " is no kind of " + std::string(role) + " in " +
                   quote(object.api_version.value),
               std::move(help));
}

// D-15: empty or access.smi-spec.io for an IdentityBinding, empty or core for a ServiceAccount.
void check_group(const Fields& fields, const Text& kind) {
  const std::optional<Text> group = fields.text("group");
  if (!group || group->value.empty()) return;
  const bool binding = kind.value == "IdentityBinding";
  if (binding ? group->value == kAccessGroup : group->value == "core" || group->value == "v1") {
    return;
  }
  fields.object().error("E09", group->span,
                        quote(group->value) + " is not the group of " + quote(kind.value),
                        binding ? "it is `access.smi-spec.io`, or leave it out" : "leave it out");
}

std::vector<std::string_view> subject_fields(const TargetForm& form) {
  std::vector<std::string_view> known{"kind", "name", "namespace"};
  if (form.identity_bindings) known.push_back("group");
  known.push_back("port");
  return known;
}

// What was restricted to one port in older versions is open on all of them now.
void tell_of_removed_port(const Fields& fields) {
  const Node* key = fields.key_of("port");
  if (key == nullptr) return;
  Object& object = fields.object();
  object.warn("W15", key->span,
              "`" + fields.path_of("port") + "` is no field of " + object.title() + " in " +
                  quote(object.api_version.value) + ", so it is ignored",
              "since v1alpha3 a rule of kind TCPRoute says the ports");
}

Subject read_subject(const Fields& fields, const TargetForm& form) {
  fields.know(subject_fields(form));
  if (!form.port) tell_of_removed_port(fields);
  Subject subject;
  subject.span = fields.span();
  subject.kind = fields.required_text("kind");
  std::vector<std::string> kinds{"ServiceAccount"};
  if (form.identity_bindings) kinds.push_back("IdentityBinding");
  check_kind(fields, subject.kind, kinds, "E09", "subject");
  if (form.identity_bindings) check_group(fields, subject.kind);
  subject.name = fields.required_name("name");
  if (const auto ns = fields.text("namespace"); ns && !ns->value.empty()) {
    subject.ns = fields.required_name("namespace");
  }
  return subject;
}

// The oldest SDK wrote the port as text, and such objects are still about.
Subject read_destination(const Fields& fields, const TargetForm& form) {
  Subject destination = read_subject(fields, form);
  const Node* port = form.port ? fields.get("port") : nullptr;
  if (port == nullptr) return destination;
  Node number = *port;
  if (!form.below_spec) number.quoted = false;
  destination.port = read_port(fields.object(), number, fields.path_of("port"));
  return destination;
}

Subject read_source(const Fields& fields, const TargetForm& form) {
  Subject source = read_subject(fields, form);
  Object& object = fields.object();
  if (form.port && fields.get("port") != nullptr) {
    object.warn("W15", fields.key_of("port")->span,
                "`port` of a source of " + object.title() + " is ignored",
                "a port can be given for the destination");
  }
  if (fields.exists() && source.ns.value.empty()) {
    object.warn("W05", source.name.span.line != 0 ? source.name.span : source.span,
                "source " + quote(source.name.value) + " of " + object.title() +
                    " has no namespace, so " + quote(object.meta.ns.value) + " is taken",
                "write `namespace: " + object.meta.ns.value + "` to make it plain");
  }
  return source;
}

Rule read_rule(const Fields& fields, const TargetForm& form) {
  fields.know({"kind", "name", "matches"});
  Rule rule;
  rule.span = fields.span();
  rule.kind = fields.required_text("kind");
  std::vector<std::string> kinds{"HTTPRouteGroup", "TCPRoute"};
  if (form.udp_routes) kinds.push_back("UDPRoute");
  check_kind(fields, rule.kind, kinds, "E08", "rule");
  rule.name = fields.required_name("name");
  rule.matches = fields.texts("matches");
  return rule;
}

// A list that is empty allows nothing: an error since v1alpha3, a warning before.
void check_not_empty(const Fields& body, const TargetForm& form, std::string_view list,
                     std::size_t size) {
  const Node* value = body.get(list);
  if (!body.exists() || size > 0 || (value != nullptr && value->kind != NodeKind::sequence)) return;
  Object& object = body.object();
  const Node* key = body.key_of(list);
  const Span& span = key == nullptr ? body.span() : key->span;
  const std::string message = object.title() + " has no " + std::string(list);
  const bool renamed = list == "rules" && body.key_of("specs") != nullptr;
  if (form.must_have_all) {
    object.error("E07", span, message, renamed ? "`specs` is called `rules` since v1alpha2" : "");
  } else {
    object.warn("W03", span, message + ", so it allows nothing");
  }
}

}  // namespace

void decode_traffic_target(Object& object, const Fields& fields, Set& set) {
  const TargetForm form = target_form(version_of(object));
  TrafficTarget target{.meta = object.meta, .origin = {object.api_version.value}};
  const Fields body =
      body_of(fields, {.below_spec = form.below_spec}, {"destination", "sources", form.rules});
  if (body.exists() && body.get("destination") == nullptr) {
    body.missing("destination");
  } else if (body.exists()) {
    target.destination = read_destination(body.mapping("destination"), form);
  }
  body.each("sources", [&](const Node& item, const std::string& path) {
    target.sources.push_back(read_source(body.item(item, path), form));
  });
  body.each(form.rules, [&](const Node& item, const std::string& path) {
    target.rules.push_back(read_rule(body.item(item, path), form));
  });
  check_not_empty(body, form, "sources", target.sources.size());
  check_not_empty(body, form, form.rules, target.rules.size());
  keep(object, set.traffic_targets, std::move(target));
}

}  // namespace smic::resources
