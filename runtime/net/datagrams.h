// SPDX-License-Identifier: Apache-2.0
// UDP: sockets, and datagrams in batches, so that a burst costs two system calls and not two for
// each datagram. A batch is a worker's: its 2 MiB are reserved once, and touched only as far as
// datagrams are long.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/result.h"
#include "runtime/net/address.h"
#include "runtime/net/loop.h"

namespace smic::net {

inline constexpr std::size_t kMaxDatagramBytes = 64 * 1024;  // more than UDP can carry

// Bound with SO_REUSEPORT, like listen_on(): the kernel sends all of one client's datagrams to the
// same worker while the group of sockets stays as it is.
Result<int> receive_on(const SocketAddress& address, bool routed = false);

// A socket that sends to `peer` alone, and receives from it alone.
Result<int> datagrams_to(const SocketAddress& peer);

class DatagramBatch {
 public:
  static constexpr std::size_t kMost = 32;

  DatagramBatch();
  ~DatagramBatch();
  DatagramBatch(const DatagramBatch&) = delete;
  DatagramBatch& operator=(const DatagramBatch&) = delete;

  // What is there by now; 0 if that is nothing. An error is one that the network has reported for
  // an earlier datagram (an endpoint where nobody listens), as its errno.
  std::expected<std::size_t, int> receive(int fd);
  std::size_t size() const { return count_; }
  bool full() const { return count_ == kMost; }
  const SocketAddress& sender(std::size_t index) const { return senders_[index]; }
  // What it was sent to, where the socket was asked to tell (IP_RECVORIGDSTADDR).
  const std::optional<SocketAddress>& destination(std::size_t index) const {
    return destinations_[index];
  }
  std::size_t bytes_of(std::size_t index) const { return sizes_[index]; }

  // Sends datagrams first … last-1 on, to the socket's peer or to `to`. How many the kernel took;
  // those that it did not take are lost, as datagrams may be. `error` is the last errno, or 0.
  struct Sent {
    std::size_t datagrams = 0;
    std::size_t bytes = 0;
    int error = 0;
  };
  Sent send(int fd, std::size_t first, std::size_t last, const SocketAddress* to = nullptr);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::size_t count_ = 0;
  std::array<SocketAddress, kMost> senders_;
  std::array<std::optional<SocketAddress>, kMost> destinations_;
  std::array<std::size_t, kMost> sizes_{};
};

// A datagram socket that a loop watches, level-triggered: `ready` is called again and again until
// everything was received.
class DatagramSocket {
 public:
  using Ready = void (*)(void* context);

  DatagramSocket(Loop& loop, int fd, Ready ready, void* context);  // takes the socket
  ~DatagramSocket();
  DatagramSocket(const DatagramSocket&) = delete;
  DatagramSocket& operator=(const DatagramSocket&) = delete;

  int fd() const;

 private:
  struct Impl;
  Impl* impl_;
};

}  // namespace smic::net
