// SPDX-License-Identifier: Apache-2.0
// The front door of runtime/daemon: what a manifest means for a whole proxy, wherever it comes
// from, a file or a controller. A manifest in; traffic and names follow it.
#pragma once

#include <memory>
#include <mutex>

#include "runtime/dns/dns.h"
#include "runtime/proxy/proxy.h"

namespace smic::daemon {

class Enforcer {
 public:
  // `dns` null: nobody asked for it.
  Enforcer(proxy::Proxy& proxy, dns::Server* dns, program::Targets targets)
      : proxy_(proxy), dns_(dns), targets_(std::move(targets)) {}

  // Returns when the last worker uses it; an error leaves what was in force.
  Result<void> enforce(const contract::Manifest& manifest, const program::BlobSource& blobs);

  std::shared_ptr<const program::Snapshot> current() const;  // null: nothing yet

 private:
  void tell_names(const contract::Manifest& manifest);

  proxy::Proxy& proxy_;
  dns::Server* dns_;
  const program::Targets targets_;
  std::shared_ptr<const dns::Zones> zones_;  // that DNS answers from
  mutable std::mutex mutex_;
  std::shared_ptr<const program::Snapshot> current_;
};

}  // namespace smic::daemon
