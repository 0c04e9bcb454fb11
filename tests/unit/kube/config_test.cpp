// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "controller/kube/config.h"
#include "tests/unit/source/temporary_directory.h"

using namespace smic;
using namespace smic::kube;

namespace {

std::string kubeconfig(const std::string& cluster, const std::string& user) {
  return "apiVersion: v1\nkind: Config\ncurrent-context: local\n"
         "contexts:\n- name: local\n  context: {cluster: c, user: u, namespace: shop}\n"
         "- name: b\n  context: {cluster: c}\n"
         "- name: lost\n  context: {cluster: nowhere}\n"
         "clusters:\n- name: c\n  cluster: {" +
         cluster +
         "}\n"
         "users:\n- name: u\n  user: {" +
         user + "}\n";
}

Config good(const std::string& cluster, const std::string& user = "",
            const std::string& context = "") {
  const auto config = parse_kubeconfig(kubeconfig(cluster, user), "/etc/kube", context);
  INFO((config ? "" : config.error().message));
  REQUIRE(config.has_value());
  return *config;
}

std::string refusal(const std::string& cluster, const std::string& user = "",
                    const std::string& context = "") {
  const auto config = parse_kubeconfig(kubeconfig(cluster, user), "/etc/kube", context);
  REQUIRE_FALSE(config.has_value());
  return config.error().message;
}

using Catch::Matchers::Contains;

}  // namespace

TEST_CASE("a context leads to its cluster, user and namespace") {
  const Config config =
      good("server: 'https://10.1.2.3:6443/k8s/', certificate-authority: ca.pem", "token: abc");
  CHECK(config.server() == "https://10.1.2.3:6443/k8s");
  CHECK(config.ns == "shop");
  CHECK(config.token == Secret{.data = "abc"});
  CHECK(config.authorities == Secret{.file = "/etc/kube/ca.pem"});
  CHECK(good("server: https://h", "token: abc", "b").token == Secret{});
  CHECK(good("server: https://h", "", "b").server() == "https://h:443");
  CHECK(good("server: 'https://[fd00::1]:6443'").server() == "https://[fd00::1]:6443");
}

TEST_CASE("data in the file wins over the name of another, and names are relative to it") {
  const Config config =
      good("server: https://h, certificate-authority-data: aGVsbG8=, certificate-authority: x",
           "client-certificate: /abs/c.pem, client-key-data: 'a2V5'");
  CHECK(config.authorities == Secret{.data = "hello"});
  CHECK(config.certificate == Secret{.file = "/abs/c.pem"});
  CHECK(config.key == Secret{.data = "key"});
  CHECK(good("server: https://h", "token: old, tokenFile: t").token ==
        Secret{"old", "/etc/kube/t"});
}

TEST_CASE("what is missing in a kubeconfig is named") {
  CHECK_THAT(refusal("server: https://h", "", "lokal"),
             Contains("no context `lokal`; did you mean"));
  CHECK_THAT(refusal("server: https://h", "", "lost"), Contains("no cluster `nowhere`"));
  CHECK_THAT(refusal("certificate-authority: x"), Contains("`server` is missing"));
  CHECK_THAT(refusal("server: h:6443"), Contains("https://"));
  CHECK_THAT(refusal("server: 'https://h:99999'"), Contains("no address"));
  CHECK_THAT(refusal("server: 'https://h/a b'"), Contains("no address"));
  CHECK_THAT(refusal("server: https://h, certificate-authority-data: '%'"), Contains("base64"));
  CHECK_THAT(refusal("server: https://h", "client-key: k"), Contains("needs its key"));
}

TEST_CASE("what is not supported is refused by name, with what to do instead") {
  CHECK_THAT(refusal("server: https://h", "exec: {command: aws}"), Contains("`exec`"));
  CHECK_THAT(refusal("server: https://h", "auth-provider: {name: gcp}"),
             Contains("`auth-provider`"));
  CHECK_THAT(refusal("server: https://h", "username: me, password: x"), Contains("password"));
  CHECK_THAT(refusal("server: https://h, insecure-skip-tls-verify: true"),
             Contains("certificate-authority"));
  CHECK_THAT(refusal("server: https://h, proxy-url: 'http://p'"), Contains("proxy-url"));
}

TEST_CASE("without TLS only this machine itself is spoken to") {
  CHECK_FALSE(good("server: 'http://127.0.0.1:8001'").tls);
  CHECK_FALSE(good("server: 'http://localhost:8001'").tls);
  CHECK_THAT(refusal("server: 'http://10.0.0.1'"), Contains("must be https://"));
}

TEST_CASE("what is no kubeconfig says so") {
  for (const std::string text : {"", "[]", "a: b\n---\na: b\n", "{{{", "\xff"}) {
    CHECK_FALSE(parse_kubeconfig(text, "/", "").has_value());
  }
  CHECK_THAT(parse_kubeconfig("a: b", "/", "").error().message, Contains("--context"));
}

TEST_CASE("a pod finds its API in its environment and on its disk, and reads its token again") {
  const test::TemporaryDirectory directory;
  CHECK_THAT(in_cluster("10.96.0.1", "443", directory.path()).error().message,
             Contains("ServiceAccount"));
  directory.write("token", "first");
  directory.write("ca.crt", "PEM");
  directory.write("namespace", "smic");
  const auto config = in_cluster("10.96.0.1", "443", directory.path());
  REQUIRE(config.has_value());
  CHECK(config->server() == "https://10.96.0.1:443");
  CHECK(config->ns == "smic");
  CHECK(config->token.read() == Result<std::string>("first"));
  directory.write("token", "second");
  CHECK(config->token.read() == Result<std::string>("second"));

  CHECK_THAT(in_cluster("", "", directory.path()).error().message, Contains("--kubeconfig"));
  CHECK_FALSE(in_cluster("10.96.0.1", "x", directory.path()).has_value());
}

TEST_CASE("a secret's file has a limit") {
  const test::TemporaryDirectory directory;
  directory.write("token", std::string(kMaxSecretBytes, 'x'));
  const Secret secret{.file = (directory / "token").string()};
  CHECK(secret.read().has_value());
  directory.write("token", std::string(kMaxSecretBytes + 1, 'x'));
  CHECK_FALSE(secret.read().has_value());
}
