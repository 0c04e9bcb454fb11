// SPDX-License-Identifier: Apache-2.0
#include "compiler/resources/convert.h"

#include <catch2/catch.hpp>
#include <functional>

#include "compiler/resources/documents.h"
#include "tests/support/expect_diagnostic.h"
#include "tests/support/random.h"
#include "tests/unit/resources/decoded.h"

using namespace smic;
using namespace smic::resources;
using test::Random;

namespace {

Value value(std::string yaml) {
  Sources sources;
  const SourceId id = sources.add("test.yaml", std::move(yaml));
  Diagnostics diagnostics(sources);
  Value read;
  read_source(diagnostics, id, [&](const Node& root) { read = value_of(root); });
  INFO(render(diagnostics, DiagnosticsFormat::human));
  REQUIRE(diagnostics.empty());
  return read;
}

std::string object(std::string_view kind, std::string_view version, std::string_view body) {
  const std::string group = kind == "TrafficSplit"    ? "split"
                            : kind == "TrafficTarget" ? "access"
                                                      : "specs";
  return "apiVersion: " + group + ".smi-spec.io/" + std::string(version) +
         "\nkind: " + std::string(kind) + "\nmetadata: {name: x, namespace: shop}\n" +
         std::string(body) + "\n";
}

Value converted(const Value& object, std::string_view version) {
  const std::string api = object.text("apiVersion");
  auto result = convert(object, api.substr(0, api.find('/') + 1) + std::string(version));
  REQUIRE(result.has_value());
  return *result;
}

const Value* annotations(const Value& object) {
  return object.find("metadata")->find("annotations");
}

Value without_annotations(Value object) {
  object.find("metadata")->take("annotations");
  return object;
}

// Converts to what stands there, without a note, and back.
void check_exactly(std::string_view kind, std::string_view from, std::string_view body,
                   std::string_view to, std::string_view expected) {
  const Value before = value(object(kind, from, body));
  const Value after = converted(before, to);
  INFO(print_yaml(after));
  CHECK(after == value(object(kind, to, expected)));
  CHECK(converted(after, from) == before);
}

// Converts to what stands there and a note, and back to the same without one.
void check_with_note(std::string_view kind, std::string_view from, std::string_view body,
                     std::string_view to, std::string_view expected) {
  const Value before = value(object(kind, from, body));
  const Value after = converted(before, to);
  INFO(print_yaml(after));
  REQUIRE(annotations(after));
  CHECK(converted(after, from) == before);
  CHECK(without_annotations(after) == value(object(kind, to, expected)));
}

}  // namespace

TEST_CASE("matches stand below spec since v1alpha3") {
  const std::string matches = "matches: [{name: a, pathRegex: /a, methods: [GET]}]";
  check_exactly("HTTPRouteGroup", "v1alpha1", matches, "v1alpha4", "spec: {" + matches + "}");
  check_exactly("HTTPRouteGroup", "v1alpha2", matches, "v1alpha3", "spec: {" + matches + "}");
  check_exactly("HTTPRouteGroup", "v1alpha3", "spec: {" + matches + "}", "v1alpha4",
                "spec: {" + matches + "}");
  check_exactly("HTTPRouteGroup", "v1alpha4", "spec: {" + matches + "}", "v1alpha2", matches);
}

TEST_CASE("what v1alpha1 cannot say of a route group is kept in an annotation") {
  check_with_note("HTTPRouteGroup", "v1alpha4", "spec: {matches: [{name: a, headers: {x: '1'}}]}",
                  "v1alpha1", "matches: [{name: a}]");
  check_with_note("HTTPRouteGroup", "v1alpha2", "matches: [{name: a, headers: [{x: '1'}]}]",
                  "v1alpha1", "matches: [{name: a}]");
}

TEST_CASE("headers that v1alpha1 ignores do not come alive in another version") {
  check_with_note("HTTPRouteGroup", "v1alpha1", "matches: [{name: a, headers: {x: '1'}}]",
                  "v1alpha4", "spec: {matches: [{name: a}]}");
}

TEST_CASE("a TCPRoute without ports means all of them in every version") {
  check_exactly("TCPRoute", "v1alpha1", "", "v1alpha4", "spec: {matches: {ports: []}}");
  check_exactly("TCPRoute", "v1alpha3", "spec: {}", "v1alpha4", "spec: {matches: {ports: []}}");
  check_exactly("TCPRoute", "v1alpha2", "", "v1alpha3", "spec: {}");
  check_with_note("TCPRoute", "v1alpha4", "spec: {matches: {ports: [80]}}", "v1alpha3", "spec: {}");
  check_with_note("TCPRoute", "v1alpha4", "spec: {matches: {ports: [80]}}", "v1alpha1", "");
}

TEST_CASE("a target's fields move, its rules change their name") {
  const std::string subjects =
      "destination: {kind: ServiceAccount, name: api}, sources: [{kind: ServiceAccount, name: "
      "web}]";
  const std::string rules = "[{kind: TCPRoute, name: all}]";
  const std::string flat =
      "destination: {kind: ServiceAccount, name: api}\n"
      "sources: [{kind: ServiceAccount, name: web}]\nspecs: " +
      rules;
  const std::string spec = "spec: {" + subjects + ", rules: " + rules + "}";
  check_exactly("TrafficTarget", "v1alpha1", flat, "v1alpha2", spec);
  check_exactly("TrafficTarget", "v1alpha1", flat, "v1alpha4", spec);
  check_exactly("TrafficTarget", "v1alpha4", spec, "v1alpha1", flat);
}

TEST_CASE("a target's port goes from v1alpha1 to v1alpha2, and into a note elsewhere") {
  const std::string with_port =
      "destination: {kind: ServiceAccount, name: api, port: 8080}, sources: [], rules: []";
  const std::string without =
      "destination: {kind: ServiceAccount, name: api}, sources: [], rules: []";
  check_exactly(
      "TrafficTarget", "v1alpha1",
      "destination: {kind: ServiceAccount, name: api, port: 8080}\nsources: []\nspecs: []",
      "v1alpha2", "spec: {" + with_port + "}");
  check_with_note("TrafficTarget", "v1alpha2", "spec: {" + with_port + "}", "v1alpha4",
                  "spec: {" + without + "}");
}

TEST_CASE("the groups of subjects are known since v1alpha4") {
  check_with_note(
      "TrafficTarget", "v1alpha4",
      "spec: {destination: {kind: ServiceAccount, name: api}, rules: [], sources: [{kind: "
      "IdentityBinding, group: access.smi-spec.io, name: team}]}",
      "v1alpha3",
      "spec: {destination: {kind: ServiceAccount, name: api}, rules: [], sources: [{kind: "
      "IdentityBinding, name: team}]}");
}

TEST_CASE("quantities become whole numbers in the same ratio, and come back as they were") {
  const auto backends = [](std::string_view a, std::string_view b) {
    return "spec: {service: web, backends: [{service: a, weight: " + std::string(a) +
           "}, {service: b, weight: " + std::string(b) + "}]}";
  };
  check_exactly("TrafficSplit", "v1alpha1", backends("'90'", "'10'"), "v1alpha4",
                backends("90", "10"));
  check_exactly("TrafficSplit", "v1alpha4", backends("90", "10"), "v1alpha1",
                backends("'90'", "'10'"));
  check_with_note("TrafficSplit", "v1alpha1", backends("1", "500m"), "v1alpha4",
                  backends("1000", "500"));
  check_with_note("TrafficSplit", "v1alpha1", backends("1k", "1"), "v1alpha2",
                  backends("1000", "1"));
}

TEST_CASE("a split's conditions are kept where v1alpha2 cannot say them") {
  const std::string spec = "service: web, backends: [{service: a, weight: 1}]";
  const std::string matches = ", matches: [{kind: HTTPRouteGroup, name: beta}]";
  check_exactly("TrafficSplit", "v1alpha3", "spec: {" + spec + matches + "}", "v1alpha4",
                "spec: {" + spec + matches + "}");
  check_with_note("TrafficSplit", "v1alpha4", "spec: {" + spec + matches + "}", "v1alpha2",
                  "spec: {" + spec + "}");
}

TEST_CASE("an object that was edited since speaks for itself") {
  const Value before = value(object("TrafficSplit", "v1alpha4",
                                    "spec: {service: web, backends: [{service: a, weight: 1}], "
                                    "matches: [{kind: HTTPRouteGroup, name: beta}]}"));
  Value old = converted(before, "v1alpha2");
  old.find("spec")->set("service", Value(std::string("other")));
  const Value after = converted(old, "v1alpha4");
  CHECK(after.find("spec")->find("matches") == nullptr);
  CHECK(annotations(after) == nullptr);
  CHECK_FALSE(as_first_written(old).has_value());
}

TEST_CASE("what is too large for an annotation is lost, and the object converted all the same") {
  const auto with_header = [](std::size_t bytes) {
    return value(
        object("HTTPRouteGroup", "v1alpha4",
               "spec: {matches: [{name: a, headers: {x: '" + std::string(bytes, 'a') + "'}}]}"));
  };
  CHECK(annotations(converted(with_header(kMaxNoteBytes / 2), "v1alpha1")) != nullptr);
  const Value large = converted(with_header(kMaxNoteBytes), "v1alpha1");
  CHECK(annotations(large) == nullptr);
  CHECK(large.text("apiVersion") == "specs.smi-spec.io/v1alpha1");
}

TEST_CASE("metadata and status are not touched, other annotations stay") {
  const Value before = value(
      "apiVersion: split.smi-spec.io/v1alpha4\nkind: TrafficSplit\n"
      "metadata: {name: x, uid: u, annotations: {a: b}}\n"
      "spec: {service: web, backends: [], matches: []}\nstatus: {conditions: []}\n");
  const Value old = converted(before, "v1alpha1");
  CHECK(*old.find("status") == *before.find("status"));
  CHECK(annotations(old)->text("a") == "b");
  CHECK(annotations(old)->find("conversion.smic.dev/split.smi-spec.io.v1alpha4") != nullptr);
  CHECK(converted(old, "v1alpha4") == before);
}

TEST_CASE("what is not ours, or has no such version, is not converted") {
  const auto refused = [](std::string yaml, std::string_view to) {
    const auto result = convert(value(std::move(yaml)), to);
    REQUIRE_FALSE(result.has_value());
    return result.error();
  };
  CHECK(refused("{apiVersion: v1, kind: Service, metadata: {name: x}}", "v1") ==
        "`Service` of `v1` is no SMI kind");
  const std::string udp = object("UDPRoute", "v1alpha4", "spec: {}");
  CHECK(refused(udp, "specs.smi-spec.io/v1alpha3") == "UDPRoute has no version `v1alpha3`");
  CHECK(refused(udp, "split.smi-spec.io/v1alpha4") ==
        "UDPRoute is in `specs.smi-spec.io`, not in `split.smi-spec.io`");
  CHECK(refused("{apiVersion: specs.smi-spec.io/v1alpha4, kind: UDPRoute}",
                "specs.smi-spec.io/v1alpha4") == "this UDPRoute has no `metadata`");
  CHECK(refused("[1]", "v1") == "`` of `` is no SMI kind");
}

TEST_CASE("a note that is not ours to read is dropped, never believed") {
  for (const std::string note :
       {"'{'", "'[]'", "'null'", "1", "'{\"spec\": {\"service\": \"y\"}}'"}) {
    Value read = value(
        "apiVersion: split.smi-spec.io/v1alpha2\nkind: TrafficSplit\n"
        "metadata: {name: x, annotations: {"
        "conversion.smic.dev/split.smi-spec.io.v1alpha4: " +
        note +
        "}}\n"
        "spec: {service: web, backends: []}\n");
    CHECK(converted(read, "v1alpha4") ==
          value("apiVersion: split.smi-spec.io/v1alpha4\nkind: TrafficSplit\n"
                "metadata: {name: x}\nspec: {service: web, backends: []}\n"));
  }
}

// ---- random objects
// ------------------------------------------------------------------------------

namespace {

constexpr std::string_view kVersions[] = {"v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"};

// Fields of all versions, some where they do not belong, some of the wrong type: a conversion has
// to bring all of it back.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  Value object(std::string_view kind, std::string_view version) {
    Value body = mapping(), spec = mapping();
    const std::function<Value()> fields = [&] { return fields_of(kind); };
    if (random_.chance(90)) spec = fields();
    if (random_.chance(60)) body = fields();
    if (random_.chance(80)) body.set("spec", random_.chance(95) ? spec : scalar());
    Value metadata = mapping();
    metadata.set("name", text("x"));
    if (random_.chance(30)) metadata.set("annotations", mapping()).set("a", text("b"));
    Value object = mapping();
    const std::string group = kind == "TrafficSplit"    ? "split"
                              : kind == "TrafficTarget" ? "access"
                                                        : "specs";
    object.set("apiVersion", text(group + ".smi-spec.io/" + std::string(version)));
    object.set("kind", text(std::string(kind)));
    object.set("metadata", metadata);
    for (const auto& [name, member] : *body.as<Value::Members>()) object.set(name, member);
    if (random_.chance(20)) object.set("status", fields());
    return object;
  }

 private:
  static Value mapping() { return Value(Value::Members()); }
  static Value text(std::string text) { return Value(std::move(text)); }

  Value scalar() {
    switch (random_.below(5)) {
      case 0:
        return Value();
      case 1:
        return Value(true);
      case 2:
        return Value(Value::Number{std::to_string(random_.below(100))});
      default:
        return text(random_.pick(kWords));
    }
  }

  Value weight() { return random_.chance(50) ? scalar() : text(random_.pick(kWeights)); }

  Value list(const std::function<Value()>& item) {
    Value::List items;
    for (std::size_t count = random_.below(4); count > 0; --count) {
      items.push_back(random_.chance(95) ? item() : scalar());
    }
    return Value(std::move(items));
  }

  Value some(std::initializer_list<std::pair<std::string, std::function<Value()>>> fields) {
    Value value = mapping();
    for (const auto& [name, make] : fields) {
      if (random_.chance(60)) value.set(name, random_.chance(95) ? make() : scalar());
    }
    return value;
  }

  Value fields_of(std::string_view kind) {
    const auto any = [this] { return scalar(); };
    const auto match = [=, this] {
      return some({{"name", any}, {"pathRegex", any}, {"headers", [=, this] {
                                                         return some({{"x", any}, {"y", any}});
                                                       }}});
    };
    const auto subject = [=, this] {
      return some(
          {{"kind", any}, {"name", any}, {"port", any}, {"group", any}, {"namespace", any}});
    };
    const auto rule = [=, this] { return some({{"kind", any}, {"name", any}}); };
    const auto backend = [=, this] {
      return some({{"service", any}, {"weight", [this] { return weight(); }}});
    };
    const auto list_of = [this](auto item) { return [=, this] { return list(item); }; };
    if (kind == "HTTPRouteGroup") return some({{"matches", list_of(match)}, {"other", any}});
    if (kind == "TCPRoute") {
      return some(
          {{"matches", [=, this] { return some({{"ports", list_of(any)}, {"name", any}}); }}});
    }
    if (kind == "TrafficTarget") {
      return some({{"destination", subject},
                   {"sources", list_of(subject)},
                   {"rules", list_of(rule)},
                   {"specs", list_of(rule)}});
    }
    return some({{"service", any}, {"backends", list_of(backend)}, {"matches", list_of(rule)}});
  }

  static constexpr const char* kWords[] = {"a", "", "12", "1.5", "UDPRoute", "IdentityBinding"};
  static constexpr const char* kWeights[] = {"1", "500m", "1k", "1Ki", "0", "-1", "x", "1e3", "7n"};
  Random random_;
};

}  // namespace

TEST_CASE("whatever way an object takes through versions, it comes back as it was") {
  for (const std::string_view kind :
       {"HTTPRouteGroup", "TCPRoute", "TrafficTarget", "TrafficSplit"}) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
      Generator generator(seed);
      for (const std::string_view from : kVersions) {
        const Value written = generator.object(kind, from);
        INFO("seed " << seed << "\n" << print_yaml(written));
        for (const std::string_view over : kVersions) {
          const Value seen = converted(written, over);
          REQUIRE(converted(seen, from) == written);
          for (const std::string_view then : kVersions) {
            // The way does not matter for what is seen, only for which version a note is in.
            REQUIRE(without_annotations(converted(seen, then)) ==
                    without_annotations(converted(written, then)));
            REQUIRE(converted(converted(seen, then), from) == written);
          }
        }
      }
    }
  }
}

TEST_CASE("a converted object prints as JSON and as YAML that read back as it is") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const Value written = Generator(seed).object("TrafficTarget", "v1alpha1");
    const Value seen = converted(written, "v1alpha4");
    INFO("seed " << seed << "\n" << print_yaml(seen));
    CHECK(value(print_yaml(seen)) == seen);
    CHECK(value_of_json(print_json(seen)) == seen);
  }
}

TEST_CASE("control characters are printed as escapes that read back") {
  const Value text(std::string("a\x7f\x01\0\xC3\xBC\"\\", 8));
  CHECK(value_of_json(print_json(text)) == text);
  Value object{Value::Members()};
  object.set("key", text);
  CHECK(value(print_yaml(object)) == object);
}

// ---- what the decoders make of notes
// ----------------------------------------------------------------

TEST_CASE("a port that a conversion took away still restricts a target") {
  const Value old =
      value(object("TrafficTarget", "v1alpha2",
                   "spec: {destination: {kind: ServiceAccount, name: api, port: 8080}, "
                   "sources: [{kind: ServiceAccount, name: web, namespace: shop}], "
                   "rules: [{kind: TCPRoute, name: all}]}"));
  const resources::Set set = test::decoded(print_yaml(converted(old, "v1alpha4")));
  REQUIRE(set.traffic_targets.size() == 1);
  REQUIRE(set.traffic_targets[0].destination.port);
  CHECK(set.traffic_targets[0].destination.port->value == 8080);
}

TEST_CASE("rules that an old version does not have are read from the note") {
  const Value whole = value(object("TrafficTarget", "v1alpha4",
                                   "spec: {destination: {kind: ServiceAccount, name: api}, "
                                   "sources: [{kind: IdentityBinding, name: t, namespace: shop}], "
                                   "rules: [{kind: UDPRoute, name: dns}]}"));
  for (const std::string_view version : {"v1alpha1", "v1alpha2", "v1alpha3"}) {
    const Value old = converted(whole, version);
    REQUIRE(annotations(old));
    CHECK(test::decoded(print_yaml(old)).traffic_targets.size() == 1);
    CHECK(converted(old, "v1alpha4") == whole);
  }
}

TEST_CASE("conditions that a conversion took away still count") {
  const Value whole = value(
      object("HTTPRouteGroup", "v1alpha4", "spec: {matches: [{name: a, headers: {x: '1'}}]}"));
  const resources::Set set = test::decoded(print_yaml(converted(whole, "v1alpha1")));
  REQUIRE(set.http_route_groups.size() == 1);
  REQUIRE(set.http_route_groups[0].matches[0].headers.size() == 1);
}

TEST_CASE("W16: what a conversion kept is told, and that it no longer fits too") {
  const auto check = [](const Value& object, std::string_view message) {
    Sources sources;
    sources.add("test.yaml", print_yaml(object));
    Diagnostics diagnostics(sources);
    decode(sources, diagnostics);
    test::expect_diagnostics(diagnostics).has("W16").message(message);
  };
  const Value written = value(object("TCPRoute", "v1alpha4", "spec: {matches: {ports: [80]}}"));
  Value seen = converted(written, "v1alpha3");
  check(seen, "was written as `specs.smi-spec.io/v1alpha4`");
  seen.set("spec", Value(Value::Members()).set("x", Value(true)));
  check(seen, "no longer fits");
}
