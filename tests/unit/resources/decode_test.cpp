// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/support/expect_diagnostic.h"
#include "tests/unit/resources/decoded.h"

using namespace smic;
using test::decoded;
using test::expect_diagnostics;
using test::expect_json_diagnostics;

namespace {

std::string account(const std::string& name) {
  return "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: " + name + "\n";
}

std::string header(const std::string& api_version, const std::string& kind) {
  return "apiVersion: " + api_version + "\nkind: " + kind + "\nmetadata: {name: a}\n";
}

}  // namespace

TEST_CASE("a stream may have many documents, empty ones among them") {
  const std::string yaml = "# a comment\n---\n" + account("a") +
                           "---\n---\n# nothing\n---\nnull\n---\n" + account("b") + "...\n---\n" +
                           account("c");
  expect_diagnostics(yaml).none();
  CHECK(decoded(yaml).service_accounts.size() == 3);
}

TEST_CASE("nothing at all is fine") {
  for (const char* text :
       {"", "\n\n", "# only a comment", "---", "---\n...\n", "%YAML 1.2\n---\n"}) {
    expect_diagnostics(text).none();
  }
}

TEST_CASE("a broken document does not take the others with it") {
  const std::string yaml = account("a") + "---\nkind: [broken\n---\n" + account("b") +
                           "---\nkey: \"unterminated\n---\n" + account("c");
  expect_diagnostics(yaml).only({"E50"}).has("E50").times(2);
  CHECK(decoded(yaml).service_accounts.size() == 3);
}

TEST_CASE("a broken file does not take the others with it") {
  Sources sources;
  sources.add("a.yaml", "kind: [");
  sources.add("b.yaml", account("b"));
  sources.add("c.smir", "unit left to others");
  Diagnostics diagnostics(sources);
  CHECK(resources::decode(sources, diagnostics).service_accounts.size() == 1);
  expect_diagnostics(diagnostics).only({"E50"});
}

TEST_CASE("lines are those of the file, in every document") {
  expect_diagnostics("---\n" + account("a") + "---\n" + account("B"))
      .has("E57")
      .at(10, 9)
      .at_text("B");
}

TEST_CASE("lists are opened up, typed and untyped ones, lists within lists too") {
  const std::string list = R"(apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ServiceAccount
  metadata: {name: a}
- apiVersion: v1
  kind: ServiceAccountList
  items:
  - metadata: {name: b}
  - metadata: {name: c}
- apiVersion: apps/v1
  kind: ConfigMapList
  items:
)";
  expect_diagnostics(list).none();
  CHECK(decoded(list).service_accounts.size() == 3);
  expect_diagnostics("apiVersion: v1\nkind: List\nitems: [5]\n").has("E54");
  expect_diagnostics("apiVersion: v1\nkind: List\nitems: 5\n").has("E01");
}

TEST_CASE("kinds that are not ours are passed over in silence") {
  expect_diagnostics(header("v1", "ConfigMap") + "data: {a: b, a: c}\n").none();
  expect_diagnostics(header("networking.k8s.io/v1", "Ingress")).none();
  expect_diagnostics(header("serving.knative.dev/v1", "Service")).none();
  expect_diagnostics(header("gateway.networking.k8s.io/v1alpha2", "TCPRoute")).none();
  expect_diagnostics("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n").none();
}

TEST_CASE("E54: what is no Kubernetes object") {
  expect_diagnostics("a: b\n").has("E54").message("`apiVersion` and `kind` are missing");
  expect_diagnostics("kind: Pod\n").has("E54").message("`apiVersion` is missing");
  expect_diagnostics("apiVersion: v1\n").has("E54").message("`kind` is missing");
  expect_diagnostics("just text\n").has("E54");
  expect_diagnostics("- a\n- b\n").has("E54").help("List");
  expect_diagnostics("apiVersion: v1\nkind: Pod\n").has("E54").message("`metadata.name`");
  expect_diagnostics("apiVersion: v1\nkind: Pod\nmetadata: {namespace: a}\n")
      .has("E54")
      .at_text("metadata");
  expect_diagnostics("apiVersion: 1\nkind: Pod\n").has("E01").at_text("1");
  expect_diagnostics("apiVersion: v1\nkind: [Pod]\n").has("E01");
}

TEST_CASE("E55: SMI kinds and versions that do not exist") {
  expect_diagnostics(header("split.smi-spec.io/v1alpha5", "TrafficSplit"))
      .only({"E55"})
      .has("E55")
      .at_text("split.smi-spec.io/v1alpha5")
      .help("`v1alpha1`, `v1alpha2`, `v1alpha3`, `v1alpha4`");
  expect_diagnostics(header("split.smi-spec.io/v1", "TrafficSplit")).has("E55");
  expect_diagnostics(header("specs.smi-spec.io/v1alpha3", "UDPRoute"))
      .has("E55")
      .help("`v1alpha4`");
  expect_diagnostics(header("access.smi-spec.io/v1alpha3", "IdentityBinding")).has("E55");
  expect_diagnostics(header("split.smi-spec.io/v1alpha4", "TrafficSplitt"))
      .has("E55")
      .at_text("TrafficSplitt")
      .help("did you mean `TrafficSplit`?");
  expect_diagnostics(header("specs.smi-spec.io/v1alpha4", "TrafficSplit"))
      .has("E55")
      .at_text("specs.smi-spec.io/v1alpha4")
      .help("split.smi-spec.io");
  expect_diagnostics(header("foo.smi-spec.io/v1alpha4", "Bar")).has("E55").help("`TrafficTarget`");
  expect_diagnostics(header("metrics.smi-spec.io/v1alpha1", "TrafficMetrics")).has("E55");
  expect_diagnostics(header("split.smi-sepc.io/v1alpha4", "TrafficSplit"))
      .has("E55")
      .help("split.smi-spec.io/v1alpha4");
  expect_diagnostics(header("v1alpha4", "TrafficTarget")).has("E55").help("access.smi-spec.io");
}

TEST_CASE("W51: slips in the kinds we know") {
  expect_diagnostics(header("v1", "Servcie")).only({"W51"}).has("W51").help("`Service`");
  expect_diagnostics(header("v1", "Deployment")).has("W51").help("`apps`");
  expect_diagnostics(header("apps/v1", "Service")).has("W51").help("`v1`");
}

TEST_CASE("W50: an object that is there already is left out") {
  const std::string yaml = account("a") + "---\n" + account("b") + "---\n" + account("a") +
                           "  namespace: other\n---\n" + account("a") +
                           "  labels: {second: time}\n";
  expect_diagnostics(yaml).only({"W50"}).has("W50").at(20, 9).note("the first one is here");
  CHECK(decoded(yaml).service_accounts.size() == 3);
}

TEST_CASE("an object that failed may be written again") {
  const std::string yaml = header("v1", "Service") + "spec: {ports: [{port: 0}]}\n---\n" +
                           header("v1", "Service") + "spec: {ports: [{port: 80}]}\n";
  expect_diagnostics(yaml).only({"E06"});
  CHECK(decoded(yaml).services.size() == 1);
}

TEST_CASE("E56: a key twice in a mapping that is read") {
  expect_diagnostics(
      "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  type: ClusterIP\n"
      "  type: NodePort\n")
      .has("E56")
      .at(6, 3)
      .at_text("type")
      .note("here before");
}

TEST_CASE("E57: names of objects") {
  for (const char* name : {"Web", "a_b", "-a", "a-", "a..b", ".", "a/b", "'a b'", "\"a\\nb\""}) {
    INFO(name);
    expect_diagnostics(account(name)).has("E57");
  }
  expect_diagnostics(account(std::string(254, 'a'))).has("E57");
  expect_diagnostics(account("a.b-c.0")).none();
  expect_diagnostics(account(std::string(253, 'a'))).none();
}

TEST_CASE("W15: unknown fields on the top level and in the metadata of SMI objects") {
  const std::string yaml =
      "apiVersion: specs.smi-spec.io/v1alpha4\nkind: TCPRoute\nmetadata: {name: a, lables: {}}\n"
      "spce: {}\nstatus: {}\n";
  expect_diagnostics(yaml).has("W15").at_text("lables").help("did you mean `labels`?");
  expect_diagnostics(yaml).has("W15").at_text("spce").help("did you mean `spec`?");
  expect_diagnostics(yaml).has("W15").times(2);
}

TEST_CASE("W16: versions before v1alpha3 are deprecated") {
  expect_diagnostics(header("specs.smi-spec.io/v1alpha2", "TCPRoute"))
      .only({"W16"})
      .has("W16")
      .at_text("specs.smi-spec.io/v1alpha2")
      .help("`specs.smi-spec.io/v1alpha4`");
  expect_diagnostics(header("specs.smi-spec.io/v1alpha3", "TCPRoute")).none();
}

TEST_CASE("a .smir source is known by its name, on stdin by how it begins") {
  using resources::is_smir;
  CHECK(is_smir("a.smir", ""));
  CHECK_FALSE(is_smir("a.yaml", "unit shop/web:80 http enforce\n"));
  CHECK(is_smir("<stdin>", "unit shop/web:80 http enforce\n"));
  CHECK(is_smir("<stdin>", "\n# comment\n  unit shop/web:80 http enforce\n"));
  CHECK_FALSE(is_smir("<stdin>", "apiVersion: v1\n"));
  CHECK_FALSE(is_smir("<stdin>", ""));
}
