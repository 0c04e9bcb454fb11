// SPDX-License-Identifier: Apache-2.0
// The listening sockets of one worker, thousands of them, TCP and UDP, behind a single descriptor.
//
// They live in an epoll set of their own, and only that set's descriptor is watched by the loop:
// a listener then costs the process an entry of 16 bytes instead of an Asio object, and accepting
// leaves the loop's own bookkeeping alone.
//
// Closing a listener must not reset connections that the kernel has already completed for it. So
// close() first attaches a filter that drops new SYNs (the caller tries again in a second and finds
// the successor, or is refused), lets handshakes under way finish, empties the queue, and closes.
// A UDP socket is also what replies leave by, so retire() keeps it and only makes the kernel pass
// it over: connected to itself, it is no candidate for anybody's datagrams.
//
// When the process is out of descriptors or memory, a queue that is not empty would wake the loop
// for ever. Its listener rests until the next tick; the connection waits in the queue.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "runtime/net/address.h"
#include "runtime/net/loop.h"

namespace smic::net {

class Listeners {
 public:
  using Accepted = std::function<void(std::uint32_t listener, int fd, const SocketAddress& peer)>;
  using Arrived = std::function<void(std::uint32_t listener, int socket)>;  // datagrams wait there

  Listeners(Loop& loop, Accepted accepted, Arrived arrived);
  ~Listeners();
  Listeners(const Listeners&) = delete;
  Listeners& operator=(const Listeners&) = delete;

  enum class Kind : std::uint8_t { connections, datagrams };
  void add(std::uint32_t listener, int fd, Kind kind);  // takes the socket
  // What is in its queue is still handed over.
  void close(std::uint32_t listener);
  // Takes nothing new. Sockets for datagrams can be sent by until they are closed.
  void retire_all();
  int socket_of(std::uint32_t listener) const;  // -1: closed
  std::size_t size() const { return open_.size(); }
  std::uint64_t failures() const { return failures_; }  // accepts for which there was no room

 private:
  struct Open {
    int fd;
    Kind kind;
  };

  void watch(std::uint32_t listener, int fd);
  void hand_over();
  void take(std::uint32_t listener, Open socket, int at_most);
  void accept_all(std::uint32_t listener, int fd, int at_most);
  void rest(std::uint32_t listener, int fd, int error);
  void wake_rested();

  Accepted accepted_;
  Arrived arrived_;
  int epoll_;
  std::unordered_map<std::uint32_t, Open> open_;
  std::vector<std::uint32_t> resting_;
  std::uint64_t failures_ = 0;
  std::uint64_t failures_told_ = 0;
  std::uint64_t tell_again_ = 0;  // tick
  Loop& loop_;
};

// A listening socket with SO_REUSEPORT, so that every worker, and a successor process, has its own.
// `routed`: the address is a route's, no link's.
Result<int> listen_on(const SocketAddress& address, bool routed = false);

// Is it so? The price of SO_REUSEPORT is that strangers who use it too would silently share the
// traffic of an address; so who is to be alone asks first.
Result<void> nobody_on(const SocketAddress& address, Listeners::Kind kind);

}  // namespace smic::net
