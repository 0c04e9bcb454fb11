// SPDX-License-Identifier: Apache-2.0
// A concern of the controller's daemon: publishing files, serving proxies, patching DNS, writing
// status, answering webhooks. Each is told of every update and knows nothing of the others;
// controller/daemon starts them in the order of its list and stops them in the reverse one.
//
// take() and reload() never run at the same time, and take() holds up the next update, so what
// takes long (a request to the API) belongs in a thread of the component's own. start() and stop()
// are called once each; stop() also after a start() that failed half way.
#pragma once

#include <string>
#include <string_view>

#include "compiler/diagnostics/diagnostics.h"
#include "controller/controller.h"

namespace smic::controller {

class Component {
 public:
  virtual ~Component() = default;

  virtual std::string_view name() const = 0;
  // An error ends the daemon. What may take a while to work (a peer that is away) is no error.
  virtual Result<void> start() { return {}; }
  // What came of a change. An error means that the version before stays in force.
  virtual void take(const Result<Update>& update, const Diagnostics& diagnostics) {
    (void)update, (void)diagnostics;
  }
  virtual void reload() {}  // SIGHUP: files are to be read again
  // What keeps it from doing its work, for readiness; empty = nothing. From any thread.
  virtual std::string not_ready() const { return {}; }
  // What it did, for /metrics: Prometheus' text format. From any thread, while it is started.
  virtual std::string metrics() const { return {}; }
  virtual void stop() {}
};

}  // namespace smic::controller
