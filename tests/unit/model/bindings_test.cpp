// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/unit/model/resolved.h"

using namespace smic;
using namespace smic::test;
using Identities = std::vector<ir::Identity>;

namespace {

std::string binding(const std::string& schemes) {
  return object("access.smi-spec.io/v1alpha4", "IdentityBinding", "shop/team",
                "spec: {schemes: {" + schemes + "}}");
}

// A target with the binding as its source, or as its destination.
std::string target_of(const std::string& source, const std::string& destination) {
  const auto subject = [](const std::string& kind_and_name) {
    const auto space = kind_and_name.find(' ');
    return "{kind: " + kind_and_name.substr(0, space) +
           ", name: " + kind_and_name.substr(space + 1) + ", namespace: shop}";
  };
  return tcp_route("shop/every", "") +
         object("access.smi-spec.io/v1alpha4", "TrafficTarget", "shop/t",
                "spec: {destination: " + subject(destination) + ", sources: [" + subject(source) +
                    "], rules: [{kind: TCPRoute, name: every}]}");
}

const std::string kAsSource = target_of("IdentityBinding team", "ServiceAccount default");

Identities sources(const Resolved& mesh) { return mesh.mesh.access.at(0).sources; }

}  // namespace

TEST_CASE("a binding by service account is that account of its own namespace") {
  const Resolved mesh(binding("serviceAccount: web") + kAsSource);
  CHECK(sources(mesh) == Identities{{"shop", "web"}});
}

TEST_CASE("a SPIFFE ID of our trust domain and the binding's namespace is that account") {
  const Resolved mesh(binding("spiffeIdentities: ['cluster.local/ns/shop/sa/web', "
                              "'spiffe://cluster.local/ns/shop/sa/api']") +
                      kAsSource);
  CHECK(sources(mesh) == Identities{{"shop", "api"}, {"shop", "web"}});
  mesh.expect().lacks("W18");
}

TEST_CASE("any other SPIFFE ID is nobody and told") {
  for (const std::string id : {"other.domain/ns/shop/sa/web", "cluster.local/ns/bank/sa/web",
                               "cluster.local/ns/shop/sa/web/x", "cluster.local/web"}) {
    INFO(id);
    const Resolved mesh(binding("spiffeIdentities: ['" + id + "']") + kAsSource);
    CHECK(sources(mesh).empty());
    mesh.expect().has("W18").at_text(id);
    mesh.expect().has("W04").at_text("team");
  }
}

TEST_CASE("labels cover the pods that have them, of any account of the namespace") {
  const Resolved mesh(
      pod("shop/a", "one", "10.0.0.1", "web") + pod("shop/b", "one", "10.0.0.2", "other") +
      pod("shop/c", "two", "10.0.0.3", "web") + pod("bank/d", "three", "10.0.0.4", "web") +
      binding("podLabelSelector: {matchLabels: {app: web}}") + kAsSource);
  CHECK(sources(mesh) == Identities{{"shop", "one+team"}, {"shop", "two+team"}});
  REQUIRE(mesh.mesh.pods.size() == 4);
  CHECK(mesh.mesh.pods[0].identity == ir::Identity{"shop", "one+team"});
  CHECK(mesh.mesh.pods[1].identity == ir::Identity{"shop", "one"});
  CHECK(mesh.mesh.pods[2].identity == ir::Identity{"shop", "two+team"});
  CHECK(mesh.mesh.pods[3].identity == ir::Identity{"bank", "three"});
  CHECK(mesh.mesh.told_apart ==
        Identities{{"shop", "one"}, {"shop", "one+team"}, {"shop", "two+team"}});
}

TEST_CASE("a service account is all of its pods, whatever bindings select") {
  const Resolved mesh(pod("shop/a", "one", "10.0.0.1", "web") +
                      pod("shop/b", "one", "10.0.0.2", "other") +
                      binding("podLabelSelector: {matchLabels: {app: web}}") +
                      target_of("ServiceAccount one", "ServiceAccount default"));
  CHECK(sources(mesh) == Identities{{"shop", "one"}, {"shop", "one+team"}});
}

TEST_CASE("a binding by labels as destination is its pods alone") {
  const Resolved mesh(pod("shop/a", "one", "10.0.0.1", "web") +
                      pod("shop/b", "one", "10.0.0.2", "other") +
                      binding("podLabelSelector: {matchLabels: {app: web}}") +
                      target_of("ServiceAccount default", "IdentityBinding team"));
  REQUIRE(mesh.mesh.access.size() == 1);
  CHECK(mesh.mesh.access[0].destination == ir::Identity{"shop", "one+team"});
}

TEST_CASE("a pod that several bindings select is known by all of them, in the order of names") {
  const std::string other =
      object("access.smi-spec.io/v1alpha4", "IdentityBinding", "shop/all",
             "spec: {schemes: {podLabelSelector: {matchLabels: {app: web}}}}");
  const Resolved mesh(pod("shop/a", "one", "10.0.0.1", "web") +
                      binding("podLabelSelector: {matchLabels: {app: web}}") + other + kAsSource);
  CHECK(sources(mesh) == Identities{{"shop", "one+all+team"}});
}

TEST_CASE("a pod without the labels that comes to an account changes nobody's identity") {
  const std::string labelled = pod("shop/a", "one", "10.0.0.1", "web");
  const std::string rest = binding("podLabelSelector: {matchLabels: {app: web}}") + kAsSource;
  const Resolved before(labelled + rest);
  const Resolved after(labelled + pod("shop/b", "one", "10.0.0.2", "other") + rest);
  CHECK(sources(before) == sources(after));
  CHECK(before.mesh.pods[0].identity == after.mesh.pods[0].identity);
}

TEST_CASE("labels that no pod has cover nobody") {
  const Resolved mesh(binding("podLabelSelector: {matchLabels: {app: web}}") + kAsSource);
  CHECK(sources(mesh).empty());
  mesh.expect().has("W04").at_text("team").message("covers no pod");
}

TEST_CASE("a binding as destination is a rule for each of its accounts") {
  const Resolved mesh(binding("serviceAccount: web, spiffeIdentities: "
                              "['cluster.local/ns/shop/sa/api']") +
                      target_of("ServiceAccount default", "IdentityBinding team"));
  REQUIRE(mesh.mesh.access.size() == 2);
  CHECK(mesh.mesh.access[0].destination == ir::Identity{"shop", "api"});
  CHECK(mesh.mesh.access[1].destination == ir::Identity{"shop", "web"});
}

TEST_CASE("a binding that does not exist is nobody, and a near name is offered") {
  const Resolved mesh(binding("serviceAccount: web") +
                      target_of("IdentityBinding taem", "ServiceAccount default"));
  CHECK(sources(mesh).empty());
  mesh.expect().has("W04").at_text("taem").help("`team`");
}

TEST_CASE("a SPIFFE ID of another namespace is told as that") {
  const Resolved mesh(binding("spiffeIdentities: ['cluster.local/ns/bank/sa/web']") + kAsSource);
  mesh.expect().has("W18").message("of another namespace");
}
