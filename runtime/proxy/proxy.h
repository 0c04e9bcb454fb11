// SPDX-License-Identifier: Apache-2.0
// The front door of the per-node proxy (DESIGN §5): a snapshot in, traffic enforced. One worker
// thread per core with its own listeners (SO_REUSEPORT), pools and counters; one control thread for
// admin and reclamation, so that a scrape never delays a request.
//
// A connection belongs to the unit bound to the address and port it arrived at, never to its Host
// header. Deliberately absent: the compiler, Kubernetes, files (blobs come through program::).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/program/program.h"
#include "runtime/steer/steer.h"

namespace smic::proxy {

enum class AccessLog { off, text, json };

struct Options {
  unsigned workers = 0;                   // 0 = one per core
  AccessLog access_log = AccessLog::off;  // to stdout
  std::string admin_address;              // "127.0.0.1:9901"; empty = none; port 0 allowed
  std::string admin_socket;  // the same on a Unix socket; empty = none. Never shared: probe.h
  // Admin clients wait for the first snapshot, so that whoever gets an answer sees addresses too.
  bool admin_waits_for_snapshot = false;
  // Do not share addresses with other processes. A successor that takes over does share them.
  bool exclusive_addresses = false;
  // This node's own, of each IP family at most one: for units that listen on "0.0.0.0" or "::",
  // which is how a manifest for all nodes says so.
  std::vector<std::string> node_addresses;
  // How a manifest's mesh ranges are brought here, and who may do it (null: whoever calls).
  steer::Mode steering = steer::Mode::automatic;
  std::shared_ptr<steer::Steward> steward;
  bool prove_steering = true;  // by a probe, as soon as there are ranges
  std::chrono::milliseconds client_header_timeout{60'000};   // also keep-alive idle
  std::chrono::milliseconds connect_timeout{5'000};          // → 503
  std::chrono::milliseconds response_timeout{60'000};        // to the response's head → 504
  std::chrono::milliseconds idle_timeout{300'000};           // no byte of a body either way
  std::chrono::milliseconds tunnel_idle_timeout{3'600'000};  // nor of a TCP connection or upgrade
  std::chrono::milliseconds pool_idle_timeout{60'000};
  std::chrono::milliseconds udp_idle_timeout{60'000};  // no datagram either way ends a flow
  // Of a worker; beyond it the one unused for longest gives way. Less where descriptors are few.
  std::size_t max_udp_flows = 16'384;
  std::size_t max_header_bytes = 64 * 1024;  // → 431
  std::size_t max_header_count = 256;
};

class Proxy {
 public:
  static Result<std::unique_ptr<Proxy>> start(Options options);
  virtual ~Proxy() = default;  // stops at once

  // Opens listeners for addresses that are new, publishes, closes those that are gone, and returns
  // when the last worker uses the snapshot. An address that cannot be had does not hold up the
  // rest: it is told in the log and in metrics, and tried again and again, a second later at first,
  // a minute later at last. On an error nothing changes.
  virtual Result<void> apply(std::shared_ptr<const program::Snapshot> snapshot) = 0;

  // What has become of the mesh ranges.
  virtual std::vector<steer::RangeStatus> steering() const = 0;

  // Those addresses of a unit that was applied that could be had so far: "127.1.2.3:80".
  virtual std::vector<std::string> listens_on(const contract::Unit& unit) const = 0;

  // Stops accepting, finishes what is in flight, closes idle connections; then stops the workers.
  // True if nothing had to be cut off.
  virtual bool drain(std::chrono::milliseconds deadline) = 0;

  virtual std::string admin_address() const = 0;  // as bound

  // Extra admin documents, asked on the control thread: GET `path` → JSON. The proxy itself serves
  // /metrics, /healthz, /readyz, /config and /addresses.
  virtual void serve_json(std::string path, std::function<std::string()> document) = 0;
  // Prometheus text behind the proxy's own, made anew for every scrape. One for all; empty = none.
  virtual void add_metrics(std::function<std::string()> more) = 0;
};

}  // namespace smic::proxy
