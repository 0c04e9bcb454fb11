// SPDX-License-Identifier: Apache-2.0
// The stub manager as a component of the controller: a thread that looks at the cluster's DNS every
// few seconds, and at once when a ConfigMap beside it changes or other zones are wanted, and makes
// it what it should be. Level-based: it remembers nothing that it could not do without.
//
// A zone is in the block while somebody answers for it, so that the block can only ever help:
//   the mesh's own   as soon as a responder answers; then for good, nobody else has such names
//   a namespace's    as soon as every responder does; until none has for `grace`. Then names there
//                    are answered by the cluster's DNS as if the namespace had not opted in
//                    (`serve_stale` bridges the time until then)
//
// What was refused is told once and looked at again when the texts or zones are others. What did
// not go live was taken back, and is tried again later and later.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "controller/cluster_dns/verify.h"

namespace smic::cluster_dns {

struct Wish {
  std::vector<std::string> mesh_zones;   // "mesh", "240.in-addr.arpa"
  std::vector<std::string> plain_zones;  // "shop.svc.cluster.local"

  bool operator==(const Wish&) const = default;
};

struct State {
  enum class Phase { standby, waiting, live, refused, not_live, failed };
  Phase phase = Phase::standby;
  std::string reason;              // in words, where it is not live
  std::vector<std::string> zones;  // that the cluster's DNS leads to the mesh
  std::string dns;                 // "kube-system/coredns Corefile", where it is known

  bool operator==(const State&) const = default;
};
std::string_view name_of(State::Phase phase);

struct ManagerOptions {
  std::string ns = "smic-system";  // of the Service in front of the responders
  std::string service = "smic-dns";
  std::chrono::milliseconds interval{10'000};
  std::chrono::milliseconds grace{30'000};
  Patience patience;
};

class Manager {
 public:
  using Leads = std::function<bool()>;             // only then anything is written
  using Tell = std::function<void(const State&)>;  // when it changes, from the manager's thread

  // `stop` ends its waits at once, and must outlive it, as `client` must.
  static std::unique_ptr<Manager> start(kube::Client& client, const kube::Stop& stop,
                                        ManagerOptions options, Leads leads, Tell tell = {});
  // After `stop`. The cluster's DNS stays as it is: restoring is an act of its own.
  virtual ~Manager() = default;

  virtual void want(Wish wish) = 0;  // from any thread; nothing is done before the first
  virtual State state() const = 0;
};

}  // namespace smic::cluster_dns
