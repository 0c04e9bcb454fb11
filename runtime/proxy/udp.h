// SPDX-License-Identifier: Apache-2.0
// UDP units: datagrams of one client by one listener are a flow. A flow is decided at its first
// datagram, as a request without method, path and headers: who the client is by its address, which
// backend and endpoint. Then each datagram goes on to that endpoint from a socket of the flow's
// own, and what comes back leaves by the listener's socket, so from the address that the client
// sent to.
//
// A flow ends when nothing went either way for a while, when the table is full and it is the one
// unused for longest, when its endpoint says that nobody listens, and when a new policy forbids it.
// A flow whose endpoint is gone retires: answers under way still reach the client, and its next
// datagram opens another flow. What is refused is dropped, and remembered for a while too, so that
// a refused sender costs a look-up and one line in the log, not one each.
//
// Tested by tests/integration/proxy/udp_test.cpp.
#pragma once

#include <string>

#include "runtime/proxy/flow_table.h"
#include "runtime/proxy/session.h"

namespace smic::proxy {

class Flows;

struct Flow : Caller {
  Flow(Flows& owner, Caller caller, upstream::Pool& endpoint, int fd);
  ~Flow();  // counted and logged

  FlowKey key() const { return {listener, peer}; }

  Flows& flows;
  upstream::Pool& to;
  upstream::InUse in_use;
  net::DatagramSocket upstream;
  bool retired = false;
};

// All flows of one worker.
class Flows {
 public:
  static constexpr std::size_t kMostRefused = 4096;  // refused clients that are remembered
  static constexpr std::chrono::milliseconds kRetirement{5'000};  // for answers under way
  static constexpr std::chrono::milliseconds kTryAgain{1'000};    // what was unavailable

  explicit Flows(Worker& worker);

  // Datagrams wait at the socket of a listener: a batch of them is carried.
  void arrived(ListenerKey listener, int socket);
  // The same where what is steered arrives: each datagram tells what it is for.
  void arrived_steered(int socket);
  // What the new policy forbids is cut, and what has lost its endpoint retires.
  void adopt_view();
  void end_unused(std::chrono::milliseconds idle);
  void end_all();
  bool none() const { return open_.size() + retired_.size() == 0; }

 private:
  friend struct Flow;
  using Table = FlowTable<Flow>;

  // What is denied stays so until the policy changes; what cannot be had is tried again.
  struct Refused {
    observe::Drop why;
    std::uint64_t again;  // tick
  };

  void carry(const FlowKey& key, std::size_t first, std::size_t last);
  Flow* open(const FlowKey& key, std::size_t datagrams);
  void refuse(Caller& caller, const Refusal& refusal, std::size_t datagrams);
  void answered(Flow& flow);
  static void make_room(Table& table);
  void retire(Flow& flow);
  void end(Flow& flow, std::string reason);
  void drop(observe::Drop why, std::size_t datagrams);
  std::uint64_t now() const;

  Worker& worker_;
  net::DatagramBatch batch_;
  Table open_;
  Table retired_;
  FlowTable<Refused> refused_;
};

}  // namespace smic::proxy
