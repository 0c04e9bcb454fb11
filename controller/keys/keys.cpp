// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/keys/keys_test.cpp.
#include "controller/keys/keys.h"

#include "base/check.h"

namespace smic::keys {
namespace {

constexpr const char* kRing = "keys.json";
constexpr const char* kTrust = "trust.pem";
constexpr const char* kAuthorities = "ca.crt";

}  // namespace

Keys::Keys(std::shared_ptr<Shelf> shelf, Options options)
    : shelf_(std::move(shelf)), options_(std::move(options)) {}

Result<std::unique_ptr<Keys>> Keys::open(std::shared_ptr<Shelf> shelf, Options options) {
  std::unique_ptr<Keys> keys(new Keys(std::move(shelf), std::move(options)));
  if (auto tended = keys->tend(); !tended) return fail(tended, "keys");
  return keys;
}

// What stands on the shelf, with what was due done.
Result<Ring> Keys::shared_ring() {
  const Time now = options_.now();
  const auto kept = update(*shelf_, Object::keys,
                           [&](const std::optional<Kept>& there) -> Result<std::optional<Entries>> {
                             Ring before;
                             if (there) {
                               const auto text = there->entries.find(kRing);
                               if (text == there->entries.end())
                                 return fail(std::string(kRing) + " is not there");
                               auto read = ring_from_json(text->second);
                               if (!read) return std::unexpected(read.error());
                               before = std::move(*read);
                             }
                             Ring after = keys::tend(before, now, options_.lifetimes);
                             if (there && after == before) return std::nullopt;
                             return Entries{{kRing, to_json(after)}};
                           });
  if (!kept) return std::unexpected(kept.error());
  return ring_from_json(kept->at(kRing));
}

Result<void> Keys::publish(const Ring& ring) {
  const auto trust = trust_of(ring);
  if (!trust) return std::unexpected(trust.error());
  const Entries entries{{kTrust, to_pem(*trust)}, {kAuthorities, authorities_of(ring)}};
  const auto done = update(*shelf_, Object::trust,
                           [&](const std::optional<Kept>& there) -> Result<std::optional<Entries>> {
                             if (there && there->entries == entries) return std::nullopt;
                             return entries;
                           });
  if (!done) return fail(done, "trust bundle");
  return {};
}

bool Keys::serving_is_due(const CertifiedKey& authority) const {
  return serving_authority_ != authority.certificate ||
         options_.now() >= serving_until_ - options_.lifetimes.serving / 3;
}

Result<bool> Keys::tend() {
  auto ring = shared_ring();
  if (!ring) return std::unexpected(ring.error());
  if (auto done = publish(*ring); !done) return std::unexpected(done.error());
  const Time now = options_.now();
  const std::lock_guard lock(mutex_);
  const bool first = ring_.signers.empty();
  bool changed = first || *ring != ring_ || ring->signer(now).key != signer_in_use_;
  ring_ = std::move(*ring);
  signer_in_use_ = ring_.signer(now).key;
  const CertifiedKey& authority = ring_.authority(now).certified;
  if (serving_is_due(authority)) {
    serving_until_ = now + options_.lifetimes.serving;
    auto issued = issue(authority, options_.names, now - kClockSkew, serving_until_);
    if (!issued) return std::unexpected(issued.error());
    serving_ = std::move(*issued);
    serving_authority_ = authority.certificate;
    changed = true;
  }
  return changed;
}

CertifiedKey Keys::serving() const {
  const std::lock_guard lock(mutex_);
  return serving_;
}

contract::SigningKey Keys::signing() const {
  const std::lock_guard lock(mutex_);
  const auto key = contract::SigningKey::from_pem(ring_.signer(options_.now()).key);
  SMIC_CHECK(key, "a ring was taken that cannot be read");
  return *key;
}

std::string Keys::authorities() const {
  const std::lock_guard lock(mutex_);
  return authorities_of(ring_);
}

std::string Keys::trust() const {
  const std::lock_guard lock(mutex_);
  const auto trust = trust_of(ring_);
  SMIC_CHECK(trust, "a ring was taken that cannot be read");
  return to_pem(*trust);
}

}  // namespace smic::keys
