// SPDX-License-Identifier: Apache-2.0
// The keys that controllers share: those in force, those to come and those to go.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "contract/signature.h"
#include "controller/keys/certificate.h"

namespace smic::keys {

struct Lifetimes {
  std::chrono::seconds authority = std::chrono::days(3650);
  std::chrono::seconds serving = std::chrono::days(30);
  std::chrono::seconds signing = std::chrono::days(90);
  // From being published to being used, and from being replaced to being forgotten.
  std::chrono::seconds overlap = std::chrono::days(1);
};

// Whoever reads our certificates may have a clock that is behind.
inline constexpr std::chrono::hours kClockSkew{1};

struct Authority {
  CertifiedKey certified;
  Time from;  // in use

  bool operator==(const Authority&) const = default;
};

struct Signer {
  std::string key;  // PEM
  Time from;        // in use

  bool operator==(const Signer&) const = default;
};

// Each list: oldest first; the last one whose time has come is in use.
struct Ring {
  std::vector<Authority> authorities;
  std::vector<Signer> signers;

  const Authority& authority(Time now) const;
  const Signer& signer(Time now) const;
  bool operator==(const Ring&) const = default;
};

// The ring as it has to be now: what is missing is made, what is due gets a successor that is used
// after the overlap, what was replaced an overlap ago is dropped. Nothing due: the same ring.
Ring tend(Ring ring, Time now, const Lifetimes& lifetimes);

std::string authorities_of(const Ring& ring);  // PEM, all of them
Result<contract::Trust> trust_of(const Ring& ring);

std::string to_json(const Ring& ring);  // secret
Result<Ring> ring_from_json(std::string_view json);

}  // namespace smic::keys
