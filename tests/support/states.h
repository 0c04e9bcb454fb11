// SPDX-License-Identifier: Apache-2.0
// Manifests of nothing in particular, for what distributes them.
#pragma once

#include <cstdint>

#include "contract/state_stream.h"
#include "tests/support/random.h"

namespace smic::test {

// A unit of shop/NAME:PORT with one backend and one endpoint; `flavour` makes it another one.
contract::Unit plain_unit(const std::string& name, std::uint16_t port, unsigned flavour = 0);

// Some of a few dozen units, services and pods.
contract::Manifest random_manifest(Random& random);
// The same with a few things added, changed, and left out. What stays is the same object.
contract::Manifest changed(contract::Manifest manifest, Random& random);

contract::State state_of(const contract::Manifest& manifest, std::uint64_t epoch,
                         std::uint64_t version, const contract::State* previous = nullptr);

// The whole of it, or what leads there from `from`; signed.
std::string message_of(const contract::State& state, const contract::SigningKey& key,
                       const contract::State* from = nullptr);

// The messages in a text, all of which must be good.
std::vector<contract::Message> messages_in(std::string_view text);

}  // namespace smic::test
