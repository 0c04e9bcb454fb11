// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/contract/digest_test.cpp.
#include "contract/digest.h"

#include <openssl/evp.h>

#include "base/check.h"

namespace smic::contract {
namespace {

constexpr std::string_view kPrefix = "sha256:";

int digit_of(char letter) {
  if (letter >= '0' && letter <= '9') return letter - '0';
  if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
  return -1;
}

// Looked up once: for short texts that costs more than hashing them.
const EVP_MD* sha256() {
  static const EVP_MD* const method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return method;
}

}  // namespace

Hash hash_of(std::span<const std::byte> bytes) {
  Hash hash;
  unsigned int size = 0;
  const int done = EVP_Digest(bytes.data(), bytes.size(), hash.data(), &size, sha256(), nullptr);
  SMIC_CHECK(done == 1 && size == hash.size(), "SHA-256 is not available");
  return hash;
}

Hash hash_of(std::string_view text) {
  return hash_of(std::as_bytes(std::span(text.data(), text.size())));
}

std::string digest_of(std::span<const std::byte> bytes) { return digest_text(hash_of(bytes)); }

std::string digest_text(const Hash& hash) { return std::string(kPrefix) + to_hex(hash); }

std::optional<Hash> hash_from_digest(std::string_view digest) {
  Hash hash;
  if (!digest.starts_with(kPrefix)) return std::nullopt;
  if (!from_hex(digest.substr(kPrefix.size()), hash)) return std::nullopt;
  return hash;
}

std::string to_hex(std::span<const unsigned char> bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const unsigned char byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

bool from_hex(std::string_view text, std::span<unsigned char> into) {
  if (text.size() != into.size() * 2) return false;
  for (std::size_t i = 0; i < into.size(); ++i) {
    const int high = digit_of(text[2 * i]), low = digit_of(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    into[i] = static_cast<unsigned char>(high << 4 | low);
  }
  return true;
}

}  // namespace smic::contract
