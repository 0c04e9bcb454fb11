// SPDX-License-Identifier: Apache-2.0
// The front door of controller/shadow, the address plan for where a CNI forbids nodes a route of
// their own (DESIGN §5): every meshed Service has a *shadow Service* in smic's namespace, whose
// cluster IP is its mesh address, and which leads to the proxy of the pod's own node.
//
//   shop/web:80 ─► Service smic-system/mesh-HASH, no selector, internalTrafficPolicy: Local
//                    clusterIP  ◄── what `web.shop.mesh` resolves to
//                    port 80, targetPort 16123 ◄── the port that is this unit on every node
//                  EndpointSlice: every node's address with its nodeName, port 16123
//
// The cluster is the only store. A port is what the shadow Service says; every replica, after
// every restart, reads it there (address_plan.cpp) and comes to the same manifest. Who leads makes
// what is wanted stand there (keeper.h), and what to write is a pure function (wanted.h):
//   ports.h          which port of every node is whose
//   standing.h       shadow Services, slices and nodes as they stand in the cluster
//   known.h          the same, from what informers and our own writes' answers tell
//   wanted.h         what is meshed + what stands → writes
//
// Deliberately absent: a table in a ConfigMap, which could say something else than the Services do.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "controller/component.h"
#include "controller/controller.h"
#include "controller/kube/kube.h"
#include "controller/shadow/ports.h"
#include "controller/shadow/wanted.h"

namespace smic::shadow {

inline constexpr const char* kDefaultPorts = "16000-29999";

struct Options {
  std::string ns;   // smic's own
  PortRange ports;  // of every node
};

// What the plan wants to stand in the cluster, for whoever keeps it there. From any thread; who is
// told must outlive the last set().
class Wishes {
 public:
  void set(std::vector<Wish> wishes);
  std::optional<std::vector<Wish>> get() const;  // nothing: not known yet
  void on_change(std::function<void()> tell);    // must not block

 private:
  mutable std::mutex mutex_;
  std::optional<std::vector<Wish>> wishes_;
  std::function<void()> tell_;
};

std::unique_ptr<controller::AddressPlan> address_plan(Options options,
                                                      std::shared_ptr<Wishes> wishes);

struct Parts {
  kube::Client& api;
  kube::Leadership& leadership;
  const kube::Stop& stop;
};
std::unique_ptr<controller::Component> keeper(const Parts& parts, Options options,
                                              std::shared_ptr<Wishes> wishes);

}  // namespace smic::shadow
