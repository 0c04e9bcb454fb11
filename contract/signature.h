// SPDX-License-Identifier: Apache-2.0
// Ed25519: the controller signs what it tells a proxy, the proxy believes the keys in its trust
// bundle and no others. Keys are PEM as everybody writes them (PKCS#8, SubjectPublicKeyInfo), so
// that `openssl pkey` shows them. OpenSSL's door for signing.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace smic::contract {

using Signature = std::array<unsigned char, 64>;

struct VerifyingKey {
  std::array<unsigned char, 32> bytes{};

  // The first 16 hex digits of the SHA-256 of its bytes: enough to find it in a bundle.
  std::string id() const;
  bool verifies(std::string_view message, const Signature& signature) const;
  std::string to_pem() const;
  bool operator==(const VerifyingKey&) const = default;
};

// Copies share one key.
class SigningKey {
 public:
  static SigningKey generate();
  static Result<SigningKey> from_pem(std::string_view pem);

  const VerifyingKey& verifying() const { return verifying_; }
  Signature sign(std::string_view message) const;
  std::string to_pem() const;  // secret

 private:
  explicit SigningKey(std::shared_ptr<void> key);

  std::shared_ptr<void> key_;
  VerifyingKey verifying_;
};

// What a proxy trusts, one text: certificates of the authorities that vouch for controllers, and
// the keys that sign what they say. Several of each while keys are being replaced.
struct Trust {
  std::string authorities;  // PEM certificates, as in the bundle
  std::vector<VerifyingKey> keys;

  const VerifyingKey* find(std::string_view id) const;  // null: not trusted
  bool operator==(const Trust&) const = default;
};

inline constexpr std::size_t kMaxTrustBytes = std::size_t{1} << 20;

// Other PEM blocks are refused, and so is a bundle that lacks one of the two.
Result<Trust> trust_from_pem(std::string_view bundle);
std::string to_pem(const Trust& trust);

}  // namespace smic::contract
