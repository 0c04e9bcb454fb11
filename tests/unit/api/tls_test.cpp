// SPDX-License-Identifier: Apache-2.0
// Judged by others: certificates are openssl's, the client is curl.
#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "controller/api/api.h"
#include "tests/unit/source/temporary_directory.h"

using namespace smic;
using namespace smic::api;

namespace {

std::string output_of(const std::string& command) {
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  std::string text;
  std::array<char, 4096> piece;
  while (const std::size_t size = std::fread(piece.data(), 1, piece.size(), pipe)) {
    text.append(piece.data(), size);
  }
  ::pclose(pipe);
  return text;
}

class Certificates {
 public:
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string text(const std::string& name) const {
    std::ifstream in(folder_ / name);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  void authority(const std::string& name) const {
    key(name);
    run("req -x509 -new -key " + path(name + ".key") + " -subj /CN=" + name + " -days 2 -out " +
        path(name + ".crt"));
  }
  // For servers and clients alike.
  void issue(const std::string& name, const std::string& subject, const std::string& authority,
             const std::string& days = "2") const {
    key(name);
    folder_.write(name + ".ext",
                  "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n");
    run("req -new -key " + path(name + ".key") + " -subj '" + subject + "' -out " +
        path(name + ".csr"));
    run("x509 -req -in " + path(name + ".csr") + " -CA " + path(authority + ".crt") + " -CAkey " +
        path(authority + ".key") + " -CAcreateserial -days " + days + " -extfile " +
        path(name + ".ext") + " -out " + path(name + ".crt"));
  }

 private:
  void key(const std::string& name) const {
    run("ecparam -name prime256v1 -genkey -noout -out " + path(name + ".key"));
  }
  void run(const std::string& words) const {
    const std::string told = output_of("openssl " + words + " && echo good");
    INFO(told);
    REQUIRE(told.find("good") != std::string::npos);
  }

  test::TemporaryDirectory folder_;
};

std::vector<Route> who() {
  Route route;
  route.path = "/who";
  route.handle = [](const Request& request) {
    Response response;
    response.body = "nobody";
    if (request.client) {
      response.body = request.client->common_name + " by " + request.client->authority;
      for (const auto& each : request.client->organizations) response.body += ' ' + each;
    }
    return response;
  };
  return {route};
}

struct Secured {
  Secured() {
    certificates.authority("ca");
    certificates.authority("proxies");
    certificates.issue("server", "/CN=server", "ca");
    ServerOptions options;
    options.secure = "127.0.0.1:0";
    auto started = Server::start(options, who());
    REQUIRE(started);
    server = std::move(*started);
  }
  Result<void> show(const std::string& name) const {
    return server->use_certificate(certificates.text(name + ".crt"),
                                   certificates.text(name + ".key"));
  }
  std::string curl(const std::string& more = "") const {
    return output_of("curl -sS --max-time 20 --cacert " + certificates.path("ca.crt") + ' ' + more +
                     " https://" + server->secure_address() + "/who");
  }
  std::string as(const std::string& client) const {
    return "--cert " + certificates.path(client + ".crt") + " --key " +
           certificates.path(client + ".key");
  }

  Certificates certificates;
  std::unique_ptr<Server> server;
};

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a server without a certificate closes, and one with another shows that from then on") {
  Secured secured;
  CHECK(has(secured.curl(), "curl: ("));
  REQUIRE(secured.show("server"));
  CHECK(secured.curl() == "nobody");
  secured.certificates.issue("other", "/CN=other", "proxies");
  REQUIRE(secured.show("other"));
  CHECK(has(secured.curl(), "certificate"));  // its authority is not the one curl trusts
  CHECK_FALSE(secured.server->use_certificate("no PEM", secured.certificates.text("server.key")));
  CHECK_FALSE(secured.server->use_certificate(secured.certificates.text("server.crt"),
                                              secured.certificates.text("other.key")));
  CHECK(has(secured.curl(), "certificate"));
  REQUIRE(secured.show("server"));
  CHECK(secured.curl() == "nobody");
}

TEST_CASE("TLS is 1.2 or later, and HTTP/1.1 is agreed on") {
  Secured secured;
  REQUIRE(secured.show("server"));
  CHECK(secured.curl("--tlsv1.2 --tls-max 1.2") == "nobody");
  CHECK(secured.curl("--tlsv1.3") == "nobody");
  CHECK(has(secured.curl("--tlsv1.0 --tls-max 1.1 --ciphers DEFAULT@SECLEVEL=0"), "curl: ("));
  CHECK(has(secured.curl("-v --http2"), "http/1.1"));
  CHECK(secured.server->figures().failed_handshakes >= 1);
}

TEST_CASE("a client is who one of our authorities says it is") {
  Secured secured;
  REQUIRE(secured.show("server"));
  secured.certificates.issue("ann", "/O=team/O=others/CN=ann", "proxies");
  secured.certificates.issue("late", "/CN=late", "proxies", "-1");
  CHECK(secured.curl(secured.as("ann")) == "nobody");  // nobody vouches for her yet
  REQUIRE(secured.server->trust_clients("mesh", secured.certificates.text("proxies.crt")));
  CHECK(secured.curl(secured.as("ann")) == "ann by mesh team others");
  CHECK(secured.curl(secured.as("ann") + " --tls-max 1.2") == "ann by mesh team others");
  CHECK(secured.curl(secured.as("late")) == "nobody");
  CHECK(secured.curl() == "nobody");
  CHECK_FALSE(secured.server->trust_clients("mesh", "no PEM"));
  CHECK(secured.curl(secured.as("ann")) == "ann by mesh team others");
  REQUIRE(secured.server->trust_clients("mesh", ""));
  CHECK(secured.curl(secured.as("ann")) == "nobody");
}
