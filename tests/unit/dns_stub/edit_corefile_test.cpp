// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "edits.h"

using namespace smic;
using test::edited;
using test::Edited;
using test::mesh;

namespace {

Edited add(const std::string& text, const dns_stub::Stub& stub = mesh()) {
  return edited(text, [&stub](const Sources& sources, SourceId id, Diagnostics& diagnostics) {
    return dns_stub::add_to_corefile(sources, id, stub, diagnostics);
  });
}

Edited take(const std::string& text) { return edited(text, dns_stub::take_from_corefile); }

const std::string kPlain = ".:53 {\n    forward . 1.2.3.4\n}\n";
const std::string kBlock =
    "# BEGIN smic: names of the mesh are asked of smic-dns. `smic dns restore` takes this out.\n"
    "mesh:53 {\n    errors\n    cache 30 {\n        serve_stale 1h verify\n    }\n"
    "    forward . 10.96.0.53\n}\n# END smic\n";

std::vector<std::filesystem::path> corefiles() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator("tests/corefiles")) {
    if (entry.path().extension() == ".corefile") paths.push_back(entry.path());
  }
  return paths;
}

}  // namespace

TEST_CASE("the block is put in front of what is there", "[dns_stub]") {
  const Edited done = add(kPlain);
  CHECK(done.said.empty());
  CHECK(done.text == kBlock + kPlain);
  CHECK(dns_stub::has_block(*done.text));
  CHECK_FALSE(dns_stub::has_block(kPlain));
}

TEST_CASE("every distribution's Corefile takes the block, once, and comes back byte for byte",
          "[dns_stub]") {
  REQUIRE(corefiles().size() >= 9);
  for (const auto& path : corefiles()) {
    INFO(path);
    const std::string original = test::read_file(path);
    const Edited once = add(original);
    INFO(once.said);
    REQUIRE(once.text);
    CHECK(once.text->ends_with(original));
    CHECK(add(*once.text).text == once.text);
    CHECK(take(*once.text).text == original);
    CHECK(take(original).text == original);
  }
}

TEST_CASE("a block is renewed where it stands, whatever was done around it", "[dns_stub]") {
  const std::string moved = "# above\n" + kBlock + "# below\n" + kPlain;
  const dns_stub::Stub two{.zones = {"maesh", "mesh"},
                           .responders = {"10.96.0.54:5353", "fd00::53"}};
  const Edited done = add(moved, two);
  REQUIRE(done.text);
  CHECK(done.text->starts_with("# above\n# BEGIN smic"));
  CHECK(done.text->find("\nmaesh:53 mesh:53 {\n") != std::string::npos);
  CHECK(done.text->find("forward . 10.96.0.54:5353 fd00::53\n") != std::string::npos);
  CHECK(take(*done.text).text == "# above\n# below\n" + kPlain);
}

TEST_CASE("the block listens where the root's does, in its words", "[dns_stub]") {
  const Edited done =
      add("acme.corp:1053 {\n}\n.:{$PORT} dns://.:5353 tls://. {\n  bind 127.0.0.1 ::1\n}\n");
  REQUIRE(done.text);
  CHECK(done.text->find("\nmesh:{$PORT} mesh:5353 {\n    errors\n    bind 127.0.0.1 ::1\n") !=
        std::string::npos);
  const Edited kubernetes =
      add("a.b:1 {\n}\ncluster.local:1053 {\n  kubernetes cluster.local\n}\n");
  REQUIRE(kubernetes.text);
  CHECK(kubernetes.text->find("\nmesh:1053 {\n") != std::string::npos);
}

TEST_CASE("for an old CoreDNS the block does without verify", "[dns_stub]") {
  dns_stub::Stub old = mesh();
  old.verify_stale = false;
  CHECK(add(kPlain, old).text->find("serve_stale 1h\n") != std::string::npos);
}

TEST_CASE("what is not understood, or in the way, is refused with its place", "[dns_stub]") {
  const auto refusal = [](const std::string& text) {
    const Edited done = add(text);
    CHECK_FALSE(done.text);
    return done.said;
  };
  CHECK(refusal(kPlain + "Mesh.:53 {\n}\n")
            .starts_with("Corefile:4:1: error: the zone `mesh` is here already, and not by smic"));
  CHECK(refusal(".:53\nerrors\n")
            .starts_with("Corefile:1:1: error: a server block without braces leaves no room"));
  CHECK(refusal(kPlain + "{$ZONE}:53 {\n}\n")
            .starts_with("Corefile:4:1: error: which zone `{$ZONE}:53` is cannot be told"));
  CHECK(refusal("(s) {\n}\nimport s\n" + kPlain)
            .starts_with("Corefile:3:8: error: a snippet with server blocks is not understood"));
  CHECK(refusal("a.b {\n}\n")
            .starts_with(
                "Corefile: error: no server block answers for the root zone or for Kubernetes"));
  CHECK(refusal(".:53 {\n").starts_with("Corefile:1:6: error: this `{` is never closed"));
  CHECK(refusal("# BEGIN smic\n" + kPlain)
            .starts_with("Corefile:1:1: error: the markers of smic's block are not one pair"));
  CHECK(refusal(kBlock + kBlock + kPlain).find("not one pair") != std::string::npos);
  CHECK(refusal(".:53 { log \"a\n# BEGIN smic\n# END smic\n\"\n}\n").find("are no block") !=
        std::string::npos);
}

TEST_CASE("a zone at or above the cluster's own is refused", "[dns_stub]") {
  const std::string kubeadm = test::read_file("tests/corefiles/kubeadm.corefile");
  for (const std::string zone : {"cluster.local", "local", "arpa"}) {
    const Edited done = add(kubeadm, {.zones = {zone}, .responders = {"10.96.0.53"}});
    CHECK_FALSE(done.text);
    CHECK(done.said.find("away from Kubernetes") != std::string::npos);
  }
  CHECK(add(kubeadm, {.zones = {"shop.svc.cluster.local"}, .responders = {"10.96.0.53"}}).text);
  CHECK(add(kubeadm, {.zones = {"240.in-addr.arpa"}, .responders = {"10.96.0.53"}}).text);
}

TEST_CASE("names and addresses are nothing else", "[dns_stub]") {
  const auto refused = [](std::vector<std::string> zones, std::vector<std::string> responders) {
    return dns_stub::check({.zones = std::move(zones), .responders = std::move(responders)})
        .has_value();
  };
  CHECK_FALSE(refused({"mesh", "a-b.c_d.mesh"}, {"10.0.0.1", "10.0.0.1:53", "::1", "[::1]:53"}));
  for (const char* zone :
       {"", ".", "mesh.", "Mesh", "a b", "a{", "a\n", "a..b", "-a", "a#b", "{$X}"}) {
    INFO(zone);
    CHECK(refused({zone}, {"10.0.0.1"}));
  }
  for (const char* responder : {"", "x", "10.0.0.1:", "10.0.0.1:0", "10.0.0.1:65536", "::1:x",
                                "10.0.0.1 {", "/etc/resolv.conf", "[10.0.0.1]:53"}) {
    INFO(responder);
    CHECK(refused({"mesh"}, {responder}));
  }
  CHECK(refused({}, {"10.0.0.1"}));
  CHECK(refused({"mesh", "mesh"}, {"10.0.0.1"}));
  CHECK(refused({"mesh"}, {}));
  CHECK(refused({"mesh"}, std::vector<std::string>(16, "10.0.0.1")));
}

TEST_CASE("where custom files are imported the block is one of them", "[dns_stub]") {
  const auto hook_of = [](const std::string& text) {
    Sources sources;
    const SourceId id = sources.add("Corefile", text);
    std::string hooks;
    for (const auto& hook : dns_stub::import_hooks(sources, id)) {
      hooks += hook.directory + " " + hook.file + ";";
    }
    return hooks;
  };
  CHECK(hook_of(test::read_file("tests/corefiles/aks.corefile")) == "custom smic.server;");
  CHECK(hook_of(test::read_file("tests/corefiles/k3s.corefile")) ==
        "/etc/coredns/custom smic.server;");
  CHECK(hook_of(test::read_file("tests/corefiles/kubeadm.corefile")).empty());
  CHECK(hook_of("import a/*/x.server\nimport b/x.server\nimport c/zz-*.conf\nimport *.d\n") ==
        "c zz-smic.conf; smic.d;");

  const Edited file = edited(test::read_file("tests/corefiles/k3s.corefile"),
                             [](const Sources& sources, SourceId id, Diagnostics& diagnostics) {
                               return dns_stub::custom_file(sources, id, mesh(), diagnostics);
                             });
  CHECK(file.text == kBlock);
}

TEST_CASE("a Corefile tells the cluster's domain, and whether it is read again", "[dns_stub]") {
  const auto traits_of = [](const std::string& text) {
    Sources sources;
    const SourceId id = sources.add("Corefile", text);
    Diagnostics diagnostics(sources);
    const auto traits = dns_stub::traits_of(sources, id, diagnostics);
    if (!traits) return std::string("refused");
    std::string told = traits->reloads ? "reloads" : "";
    for (const std::string& domain : traits->cluster_domains) told += ' ' + domain;
    return told;
  };
  CHECK(traits_of(test::read_file("tests/corefiles/kubeadm.corefile")) == "reloads cluster.local");
  CHECK(traits_of(
            ".:53 {\n kubernetes Corp.Example. 10.in-addr.arpa b.example {\n  ttl 5\n }\n}\n") ==
        " corp.example b.example");
  CHECK(traits_of(".:53 {\n import x/*.override\n}\n") == "reloads");
  CHECK(traits_of(".:53 {\n") == "refused");
}
