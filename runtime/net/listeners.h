// SPDX-License-Identifier: Apache-2.0
// The listening sockets of one worker, thousands of them, behind a single descriptor.
//
// They live in an epoll set of their own, and only that set's descriptor is watched by the loop:
// a listener then costs the process an entry of 16 bytes instead of an Asio object, and accepting
// leaves the loop's own bookkeeping alone.
//
// Closing a listener must not reset connections that the kernel has already completed for it. So
// close() first attaches a filter that drops new SYNs (the caller tries again in a second and finds
// the successor, or is refused), lets handshakes under way finish, empties the queue, and closes.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>

#include "base/result.h"
#include "runtime/net/address.h"
#include "runtime/net/loop.h"

namespace smic::net {

// A listening socket with SO_REUSEPORT, so that every worker, and a successor process, has its own.
Result<int> listen_on(const SocketAddress& address);

class Listeners {
 public:
  using Accepted = std::function<void(std::uint32_t listener, int fd, const SocketAddress& peer)>;

  Listeners(Loop& loop, Accepted accepted);
  ~Listeners();
  Listeners(const Listeners&) = delete;
  Listeners& operator=(const Listeners&) = delete;

  void add(std::uint32_t listener, int fd);  // takes the socket
  void close(std::uint32_t listener);
  void close_all();
  std::size_t size() const { return fds_.size(); }

 private:
  void accept_ready();
  void accept_all(std::uint32_t listener, int fd, int at_most);

  Accepted accepted_;
  int epoll_;
  std::unordered_map<std::uint32_t, int> fds_;
};

}  // namespace smic::net
