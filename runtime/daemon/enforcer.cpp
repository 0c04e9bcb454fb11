// SPDX-License-Identifier: Apache-2.0
// Tested by tests/integration/proxy_test.py and tests/integration/distribution_test.py.
#include "runtime/daemon/daemon.h"

namespace smic::daemon {

Result<void> Enforcer::enforce(const contract::Manifest& manifest,
                               const program::BlobSource& blobs) {
  const auto before = current();
  auto snapshot = program::build_snapshot(manifest, blobs, targets_, before.get());
  if (!snapshot) return std::unexpected(snapshot.error());
  if (auto applied = proxy_.apply(*snapshot); !applied) return applied;
  {
    const std::lock_guard lock(mutex_);
    current_ = std::move(*snapshot);
  }
  tell_names(manifest);
  return {};
}

std::shared_ptr<const program::Snapshot> Enforcer::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

// After what they lead to. Most versions have the same names as the one before.
void Enforcer::tell_names(const contract::Manifest& manifest) {
  if (dns_ == nullptr || (zones_ && zones_->names() == manifest.names)) return;
  const auto serial = static_cast<std::uint32_t>(manifest.version);
  zones_ =
      std::make_shared<const dns::Zones>(zones_ ? dns::Zones::next(*zones_, manifest.names, serial)
                                                : dns::Zones::build(manifest.names, serial));
  dns_->use(zones_);
}

}  // namespace smic::daemon
