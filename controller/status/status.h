// SPDX-License-Identifier: Apache-2.0
// The front door of controller/status: what was found about the user's objects is told where the
// user looks.
//   verdicts.h          diagnostics → findings, by object
//   conditions.h        findings and what stands there → what is to stand there
//   condition_writer.h  writes it, in a thread of its own, while this controller leads
//   events.h, event_writer.h   the same for Events, of all kinds of objects
//
// Conditions are read by informers of their own, of nothing but the status: our own writes then
// never wake those who compile. What is wiped is written again; `spec` and other people's
// conditions are never touched (server-side apply to the status subresource).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "controller/component.h"
#include "controller/kube/kube.h"

namespace smic::status {

// What the nodes say they enforce.
class Enforcement {
 public:
  struct State {
    std::size_t nodes = 0;      // known; 0 = nothing is known
    std::uint64_t version = 0;  // all of them enforce it, or a newer one
    bool operator==(const State&) const = default;
  };

  virtual ~Enforcement() = default;
  // The version that everything taken so far is in.
  virtual std::uint64_t current() const = 0;
  virtual State state() const = 0;  // from any thread
  // Told of every change; must not block.
  virtual void on_change(std::function<void()> tell) = 0;
};

struct Parts {
  kube::Client& api;
  kube::Writer& writer;
  kube::Leadership& leadership;
  const kube::Stop& stop;
  std::shared_ptr<Enforcement> enforcement;  // null: nobody acknowledges
};

std::unique_ptr<controller::Component> report_status(const Parts& parts);

}  // namespace smic::status
