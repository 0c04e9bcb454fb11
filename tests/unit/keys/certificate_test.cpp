// SPDX-License-Identifier: Apache-2.0
// What a certificate says is judged by OpenSSL's own command.
#include "controller/keys/certificate.h"

#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>

using namespace smic;
using namespace smic::keys;
using namespace std::chrono_literals;

namespace {

const Time kNow = Time(1'900'000'000s);

struct Ran {
  int status;
  std::string output;
};

Ran run(const std::string& command) {
  std::FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string output;
  std::array<char, 4096> piece;
  while (const std::size_t size = std::fread(piece.data(), 1, piece.size(), pipe)) {
    output.append(piece.data(), size);
  }
  return {::pclose(pipe), output};
}

class Files {
 public:
  Files()
      : path_(std::filesystem::temp_directory_path() /
              ("smic-certificates-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~Files() { std::filesystem::remove_all(path_); }
  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(path_ / name) << text;
    return (path_ / name).string();
  }

 private:
  std::filesystem::path path_;
};

}  // namespace

TEST_CASE("what an authority vouches for is verified by it, for its names and its time", "[keys]") {
  const CertifiedKey authority = make_authority("smic", kNow - 1h, kNow + 1000h);
  const auto serving =
      issue(authority, {"smic-controller.smic-system.svc", "localhost", "127.0.0.1", "::1"},
            kNow - 1h, kNow + 10h);
  REQUIRE(serving);
  CHECK(end_of(serving->certificate) == kNow + 10h);
  CHECK(end_of(authority.certificate) == kNow + 1000h);
  Files files;
  const std::string ca = files.write("ca.crt", authority.certificate);
  const std::string leaf = files.write("leaf.crt", serving->certificate);
  const auto verify = [&](std::chrono::hours after, const std::string& more) {
    const auto at = (kNow + after).time_since_epoch().count();
    return run("openssl verify -x509_strict -attime " + std::to_string(at) + " -CAfile " + ca +
               " " + more + " " + leaf);
  };
  const Ran good =
      verify(1h, "-purpose sslserver -verify_hostname smic-controller.smic-system.svc");
  INFO(good.output);
  CHECK(good.status == 0);
  CHECK(verify(1h, "-verify_ip 127.0.0.1").status == 0);
  CHECK(verify(1h, "-verify_ip ::1").status == 0);
  CHECK(verify(1h, "-verify_hostname example.org").status != 0);
  CHECK(verify(1h, "-purpose sslclient").status != 0);
  CHECK(verify(11h, "").status != 0);
  CHECK(verify(-2h, "").status != 0);

  const CertifiedKey other = make_authority("smic", kNow - 1h, kNow + 1000h);
  files.write("ca.crt", other.certificate);
  CHECK(verify(1h, "").status != 0);
}

TEST_CASE("what cannot be vouched for is an error", "[keys]") {
  const CertifiedKey one = make_authority("smic", kNow, kNow + 1h);
  const CertifiedKey other = make_authority("smic", kNow, kNow + 1h);
  CHECK_FALSE(issue({one.certificate, other.key}, {"a"}, kNow, kNow + 1h));
  CHECK_FALSE(issue({"nonsense", one.key}, {"a"}, kNow, kNow + 1h));
  CHECK_FALSE(issue(one, {}, kNow, kNow + 1h));
  CHECK_FALSE(issue(one, {""}, kNow, kNow + 1h));
  CHECK_FALSE(issue(one, {"a,IP:10.0.0.1"}, kNow, kNow + 1h));
  CHECK_FALSE(end_of("nonsense"));
}
