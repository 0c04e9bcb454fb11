// SPDX-License-Identifier: Apache-2.0
#include "contract/signature.h"

#include <catch2/catch.hpp>

#include "contract/digest.h"

using namespace smic::contract;

namespace {

constexpr const char* kCertificate =
    "-----BEGIN CERTIFICATE-----\nbm90IGxvb2tlZCBpbnRv\n-----END CERTIFICATE-----\n";

Signature signature_from(std::string_view hex) {
  Signature signature;
  REQUIRE(from_hex(hex, signature));
  return signature;
}

}  // namespace

// RFC 8032, section 7.1, test 2; the key as `openssl pkey` writes it.
TEST_CASE("signatures are those of RFC 8032", "[signature]") {
  const auto key = SigningKey::from_pem(
      "-----BEGIN PRIVATE KEY-----\n"
      "MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"
      "-----END PRIVATE KEY-----\n");
  REQUIRE(key);
  CHECK(to_hex(key->verifying().bytes) ==
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  const Signature signature = key->sign("\x72");
  CHECK(to_hex(signature) ==
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
  CHECK(key->verifying().verifies("\x72", signature));
}

TEST_CASE("another message, another key and another signature are refused", "[signature]") {
  const SigningKey key = SigningKey::generate();
  const SigningKey other = SigningKey::generate();
  Signature signature = key.sign("message");
  CHECK(key.verifying().verifies("message", signature));
  CHECK_FALSE(key.verifying().verifies("massage", signature));
  CHECK_FALSE(key.verifying().verifies("", signature));
  CHECK_FALSE(other.verifying().verifies("message", signature));
  for (std::size_t i = 0; i < signature.size(); ++i) {
    signature[i] ^= 1;
    CHECK_FALSE(key.verifying().verifies("message", signature));
    signature[i] ^= 1;
  }
  CHECK_FALSE(key.verifying().verifies("message", signature_from(std::string(128, '0'))));
}

TEST_CASE("a key is the same after it was written and read", "[signature]") {
  const SigningKey key = SigningKey::generate();
  const auto again = SigningKey::from_pem(key.to_pem());
  REQUIRE(again);
  CHECK(again->verifying() == key.verifying());
  CHECK(again->sign("x") == key.sign("x"));
  CHECK(key.verifying().id().size() == 16);
  CHECK_FALSE(SigningKey::from_pem(key.verifying().to_pem()));
  CHECK_FALSE(SigningKey::from_pem("nonsense"));
}

TEST_CASE("a trust bundle keeps its certificates and keys, in any order", "[signature]") {
  const VerifyingKey first = SigningKey::generate().verifying();
  const VerifyingKey second = SigningKey::generate().verifying();
  const auto trust = trust_from_pem("a comment\n" + first.to_pem() + kCertificate + "\nanother\n" +
                                    second.to_pem() + kCertificate);
  REQUIRE(trust);
  CHECK(trust->authorities == std::string(kCertificate) + kCertificate);
  CHECK(trust->keys == std::vector{first, second});
  CHECK(trust->find(second.id()) == &trust->keys[1]);
  CHECK(trust->find("0123456789abcdef") == nullptr);
  CHECK(trust_from_pem(to_pem(*trust)) == *trust);
}

TEST_CASE("what is no trust bundle is refused with the reason", "[signature]") {
  const std::string key = SigningKey::generate().verifying().to_pem();
  const auto reason = [](const std::string& bundle) {
    const auto trust = trust_from_pem(bundle);
    return trust ? "taken" : trust.error().message;
  };
  CHECK(reason("") == "trust bundle: there is no certificate in it");
  CHECK(reason(key) == "trust bundle: there is no certificate in it");
  CHECK(reason(kCertificate) == "trust bundle: there is no public key in it");
  CHECK(reason(kCertificate + key.substr(0, 60)) == "trust bundle: a PEM block does not end");
  CHECK(reason(kCertificate + SigningKey::generate().to_pem()) ==
        "trust bundle: a block `PRIVATE KEY` is neither a certificate nor a public key");
  CHECK(reason("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n") ==
        "trust bundle: a public key is not Ed25519 in PEM");
  CHECK(reason(std::string(kMaxTrustBytes + 1, ' ')) == "the trust bundle is too long");
}
