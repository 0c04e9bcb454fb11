// SPDX-License-Identifier: Apache-2.0
// The other end of a probe: a process in a network namespace of its own.
#pragma once

#include <sys/types.h>

#include "base/ip.h"
#include "runtime/net/net.h"
#include "runtime/steer/descriptor.h"

namespace smic::steer {

// How the two ends of a probe's link are called and numbered: addresses for documentation (RFC
// 5737, 3849), which nobody has.
struct ProbeLink {
  IpAddress node, pod;
  std::uint8_t prefix = 0;
  // An address that is not the pod's: would the node take it from there?
  IpAddress forged;
  static ProbeLink of(IpFamily family);
};

struct ProbeReport {
  enum class Step : std::uint8_t { set_up, connect, answer, datagram, done };
  Step step = Step::set_up;  // at which it ended
  int error = 0;             // errno; 0 at `done`
};

class ProbeClient {
 public:
  // `dialled`: what it connects and sends a datagram to, once it is told to begin.
  static Result<ProbeClient> start(const net::SocketAddress& dialled);
  ProbeClient(ProbeClient&&) = default;
  ProbeClient& operator=(ProbeClient&&) = delete;
  ~ProbeClient();

  bool as_a_pod() const { return as_a_pod_; }
  pid_t process() const { return process_.pid; }
  void begin();  // its link is there
  int report_fd() const { return reports_.get(); }
  ProbeReport report() const;

 private:
  struct Process {
    pid_t pid = -1;
    Process() = default;
    Process(Process&& other) noexcept : pid(std::exchange(other.pid, -1)) {}
  };

  ProbeClient() = default;

  Process process_;
  bool as_a_pod_ = false;
  Descriptor orders_, reports_;
};

}  // namespace smic::steer
