// SPDX-License-Identifier: Apache-2.0
// The front door of controller/keys: what a mesh is trusted by.
//   shelf.h         where controllers keep what they share: a Secret and ConfigMaps, or a directory
//   certificate.h   an authority and what it vouches for
//   ring.h          the keys in force, those to come and those to go
//   keys.h          the ring, tended: serving certificate, signing key, trust bundle
//
// Three kinds of key. An *authority* (EC P-256, self-signed) vouches for the controllers' HTTPS
// servers. A *serving certificate* is made by every replica for itself, in memory, and replaced
// long before it expires. A *signing key* (Ed25519) signs what proxies are told. Authorities and
// signing keys are kept in one Secret that whoever comes first creates, so replicas agree; what a
// proxy must know to trust them is public, and published beside it.
//
// A new authority or signing key is published a day before it is used and its predecessor stays
// trusted a day longer, so a proxy that reads its bundle once in a while never meets a key that it
// does not know.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "contract/signature.h"
#include "controller/keys/certificate.h"
#include "controller/keys/ring.h"
#include "controller/keys/shelf.h"

namespace smic::keys {

struct Options {
  std::vector<std::string> names;  // DNS names and addresses that clients reach us by
  Lifetimes lifetimes = {};
  std::function<Time()> now = [] { return std::chrono::floor<std::chrono::seconds>(Clock::now()); };
};

// Safe to use from any thread.
class Keys {
 public:
  // Reads the ring, or makes the first one. Fails if the shelf does.
  static Result<std::unique_ptr<Keys>> open(std::shared_ptr<Shelf> shelf, Options options);

  CertifiedKey serving() const;          // PEM
  contract::SigningKey signing() const;  // that is in use
  std::string authorities() const;       // PEM: what clients of the HTTPS server verify it by
  std::string trust() const;             // PEM: the same, and the signing keys

  // Replaces what is due, takes over what another replica replaced, and publishes. True if any of
  // the above changed. To be called every minute or so.
  Result<bool> tend();

 private:
  Keys(std::shared_ptr<Shelf> shelf, Options options);
  Result<Ring> shared_ring();
  Result<void> publish(const Ring& ring);
  bool serving_is_due(const CertifiedKey& authority) const;

  const std::shared_ptr<Shelf> shelf_;
  const Options options_;
  mutable std::mutex mutex_;
  Ring ring_;
  std::string signer_in_use_;
  CertifiedKey serving_;
  std::string serving_authority_;  // that vouches for it
  Time serving_until_{};
};

}  // namespace smic::keys
