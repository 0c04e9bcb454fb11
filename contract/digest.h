// SPDX-License-Identifier: Apache-2.0
// Images are named by the SHA-256 of their bytes, written "sha256:" and 64 hex digits.
// OpenSSL's door for hashing.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace smic::contract {

std::string digest_of(std::span<const std::byte> bytes);

}  // namespace smic::contract
