// SPDX-License-Identifier: Apache-2.0
// Brings the traffic for whole ranges of addresses to this process: a local route for each range,
// and an sk_lookup program that knows which (address, port) pairs are served and refuses the rest.
// A node that does not allow the program has the routes alone; then addresses are bound one by one.
// What has been changed in the network namespace is this process's alone, and goes with it.
//
// Not thread-safe, but for status().
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "runtime/net/net.h"
#include "runtime/steer/claim.h"
#include "runtime/steer/descriptor.h"
#include "runtime/steer/netlink.h"
#include "runtime/steer/sockets.h"
#include "runtime/steer/steward.h"

namespace smic::steer {

enum class Mode {
  automatic,  // by sk_lookup; where the node does not allow it, by binding each address
  bind,
};

struct RangeStatus {
  enum class How { steered, bound, unavailable };
  IpRange range;
  How how = How::unavailable;
  std::string reason;  // why not steered

  bool operator==(const RangeStatus&) const = default;
};

class Steering {
 public:
  // `steward`: who has the capabilities; null: the caller.
  Steering(std::shared_ptr<Steward> steward, std::size_t workers, Mode mode);
  ~Steering();
  Steering(const Steering&) = delete;
  Steering& operator=(const Steering&) = delete;

  void privileged(const std::function<void()>& work) const;

  // From here on these ranges are the ones. An error: they are no ranges. What the node does not
  // allow is no error; it is tried again by each call.
  Result<void> use(const std::vector<std::string>& ranges);
  bool complete() const;  // every range is steered, or bound as wished
  bool steers(const net::SocketAddress& address) const;
  bool routes(const net::SocketAddress& address) const;  // is local by a route of ours

  // Sockets by kind, once there are any; each may be taken once.
  std::array<int, kKinds> take_sockets(std::size_t worker);

  // From here on a pair that is steered arrives; until then it is refused.
  Result<void> add(const net::SocketAddress& address, net::Listeners::Kind kind);
  void remove(const net::SocketAddress& address, net::Listeners::Kind kind);

  // For a probe (probe.h): a pair of its own, of the port that `dialled` tells. Privileged.
  struct ProbeDoors {
    Descriptor streams, datagrams, answers;
    net::SocketAddress dialled;
  };
  Result<ProbeDoors> open_probe(const IpAddress& address);
  void close_probe(const net::SocketAddress& dialled);

  // Nothing new arrives. Routes stay, for connections that are open.
  void stop();

  std::vector<RangeStatus> status() const;

 private:
  const RangeStatus* range_of(const net::SocketAddress& address) const;
  void make_routes(const std::vector<IpRange>& ranges);
  void remove_leftovers(const std::vector<IpRange>& wanted);
  Result<void> steer(const std::vector<IpRange>& ranges);
  Result<void> prepare_maps();

  std::shared_ptr<Steward> steward_;
  std::size_t workers_;
  Mode mode_;
  Claim claim_;
  std::vector<netlink::LocalRoute> routes_;
  Descriptor targets_, socket_map_, link_;
  SocketsByKind sockets_;
  bool stopped_ = false;
  mutable std::mutex mutex_;
  std::vector<RangeStatus> status_;
};

}  // namespace smic::steer
