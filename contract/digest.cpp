// SPDX-License-Identifier: Apache-2.0
#include "contract/digest.h"

#include <openssl/evp.h>

#include "base/check.h"

namespace smic::contract {

std::string digest_of(std::span<const std::byte> bytes) {
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  const int done = EVP_Digest(bytes.data(), bytes.size(), hash, &size, EVP_sha256(), nullptr);
  SMIC_CHECK(done == 1 && size == 32, "SHA-256 is not available");

  std::string text = "sha256:";
  for (unsigned int i = 0; i < size; ++i) {
    text += "0123456789abcdef"[hash[i] >> 4];
    text += "0123456789abcdef"[hash[i] & 15];
  }
  return text;
}

}  // namespace smic::contract
