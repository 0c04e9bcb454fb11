// SPDX-License-Identifier: Apache-2.0
#include "contract/digest.h"

#include <catch2/catch.hpp>
#include <string_view>

using namespace smic::contract;

// The two examples of FIPS 180-2 and the empty message.
TEST_CASE("an image is named by the SHA-256 of its bytes", "[digest]") {
  const auto digest = [](std::string_view text) {
    return digest_of(std::as_bytes(std::span(text.data(), text.size())));
  };
  CHECK(digest("") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(digest("abc") == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "sha256:248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}
