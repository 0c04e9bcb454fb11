// SPDX-License-Identifier: Apache-2.0
#include "controller/cluster_dns/read_pod.h"

#include <catch2/catch.hpp>

using namespace smic;
using cluster_dns::Kind;
using cluster_dns::read_pod;

namespace {

// A pod of one container; pieces of JSON.
std::string pod(const std::string& container, const std::string& volumes) {
  return R"({"metadata":{"name":"dns-1"},"spec":{"containers":[{"name":"other"},{)" + container +
         R"(}],"volumes":[)" + volumes + "]}}";
}

const std::string kMounts =
    R"("volumeMounts":[{"name":"config","mountPath":"/etc/coredns/"},)"
    R"({"name":"custom","mountPath":"/etc/coredns/custom"},{"name":"tmp","mountPath":"/tmp"}])";
const std::string kVolumes =
    R"({"name":"tmp","emptyDir":{}},)"
    R"({"name":"config","configMap":{"name":"coredns","items":[{"key":"main","path":"Corefile"}]}},)"
    R"({"name":"custom","configMap":{"name":"coredns-custom","optional":true}})";

std::string refusal(const std::string& text) {
  const auto read = read_pod(text);
  if (read) return "none";
  CHECK(read.error().kind == cluster_dns::Trouble::Kind::refused);
  return read.error().message;
}

}  // namespace

TEST_CASE("a CoreDNS pod's Corefile is the key that its argument leads to", "[cluster_dns]") {
  for (const std::string words :
       {R"("args":["-conf","/etc/coredns/Corefile"])", R"("args":["--conf=/etc/coredns/Corefile"])",
        R"("command":["/coredns","-conf=/etc/coredns/Corefile"],"args":["-dns.port","53"])"}) {
    INFO(words);
    const auto read = read_pod(pod(words + "," + kMounts, kVolumes));
    REQUIRE(read);
    CHECK(read->kind == Kind::coredns);
    CHECK(read->config_map == "coredns");
    CHECK(read->key == "main");
    CHECK(read->directory == "/etc/coredns");
    // The Corefile's own has items: a file that is added there would not be seen.
    CHECK(read->mounted ==
          std::map<std::string, std::string>{{"/etc/coredns/custom", "coredns-custom"}});
  }
}

TEST_CASE("a projected volume and one without items have the Corefile too", "[cluster_dns]") {
  const std::string container = R"("args":["-conf","/etc/coredns/Corefile"],)"
                                R"("volumeMounts":[{"name":"config","mountPath":"/etc/coredns"}])";
  const auto whole = read_pod(pod(container, R"({"name":"config","configMap":{"name":"c"}})"));
  REQUIRE(whole);
  CHECK(whole->config_map + "/" + whole->key == "c/Corefile");
  const auto projected = read_pod(
      pod(container, R"({"name":"config","projected":{"sources":[{"secret":{"name":"s"}},)"
                     R"({"configMap":{"name":"hosts","items":[{"key":"h","path":"NodeHosts"}]}},)"
                     R"({"configMap":{"name":"d","items":[{"key":"k","path":"Corefile"}]}}]}})"));
  REQUIRE(projected);
  CHECK(projected->config_map + "/" + projected->key == "d/k");
}

TEST_CASE("kube-dns tells its ConfigMap by directory or by name", "[cluster_dns]") {
  const auto by_directory =
      read_pod(pod(R"("args":["--domain=corp.example.","--config-dir=/kube-dns-config","--v=2"],)"
                   R"("volumeMounts":[{"name":"c","mountPath":"/kube-dns-config"}])",
                   R"({"name":"c","configMap":{"name":"kube-dns","optional":true}})"));
  REQUIRE(by_directory);
  CHECK(by_directory->kind == Kind::kube_dns);
  CHECK(by_directory->config_map + " " + by_directory->key == "kube-dns stubDomains");
  CHECK(by_directory->cluster_domain == "corp.example");
  const auto by_name = read_pod(pod(R"("args":["--config-map=mine"])", ""));
  REQUIRE(by_name);
  CHECK(by_name->config_map == "mine");
}

TEST_CASE("what a pod runs by and cannot be changed is refused", "[cluster_dns]") {
  const std::string conf = R"("args":["-conf","/etc/coredns/Corefile"],)";
  CHECK(refusal("{") == "a pod that is no JSON");
  CHECK(refusal(pod(R"("args":["--port=53"])", "")).find("runs neither CoreDNS") !=
        std::string::npos);
  CHECK(refusal(pod(R"("args":["-conf"])", "")).find("runs neither CoreDNS") != std::string::npos);
  CHECK(refusal(pod(R"("args":["-conf","Corefile"])", "")).find("depends on its image") !=
        std::string::npos);
  CHECK(refusal(pod(conf + R"("volumeMounts":[])", "")).find("is in no volume") !=
        std::string::npos);
  CHECK(refusal(pod(conf + R"("volumeMounts":[{"name":"c","mountPath":"/etc/coredns"}])",
                    R"({"name":"c","hostPath":{"path":"/x"}})"))
            .find("does not come from a ConfigMap") != std::string::npos);
  CHECK(refusal(pod(conf + R"("volumeMounts":[{"name":"c","mountPath":"/etc/coredns"}])",
                    R"({"name":"c","configMap":{"name":"c","items":[{"key":"a","path":"b"}]}})"))
            .find("is none of its ConfigMap's") != std::string::npos);
  CHECK(refusal(pod(conf + R"("volumeMounts":[{"name":"c","mountPath":"/etc/coredns/Corefile",)"
                           R"("subPath":"Corefile"}])",
                    R"({"name":"c","configMap":{"name":"c"}})"))
            .find("never sees a change") != std::string::npos);
}
