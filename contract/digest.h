// SPDX-License-Identifier: Apache-2.0
// SHA-256: images are named by the hash of their bytes, written "sha256:" and 64 hex digits, and
// states of a mesh are compared by it. OpenSSL's door for hashing.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace smic::contract {

using Hash = std::array<unsigned char, 32>;

Hash hash_of(std::span<const std::byte> bytes);
Hash hash_of(std::string_view text);

std::string digest_of(std::span<const std::byte> bytes);
std::string digest_text(const Hash& hash);                      // "sha256:…"
std::optional<Hash> hash_from_digest(std::string_view digest);  // of just that spelling

// Lower-case hex, there and back.
std::string to_hex(std::span<const unsigned char> bytes);
bool from_hex(std::string_view text, std::span<unsigned char> into);  // exactly as many

}  // namespace smic::contract
