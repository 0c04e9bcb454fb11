// SPDX-License-Identifier: Apache-2.0
// The front door of runtime/upstream: endpoints in, connections to them out. One worker's own;
// nothing is shared between threads.
//
//   Pool      the connections to one address, idle ones kept for the next request
//   Pools     all pools of a worker, found by address
//   pick()    which of several endpoints takes the next request
//
// A pooled connection is always being watched for something to read. While it is idle that comes
// only if the other side closes (or talks out of turn), and then the pool drops it at once: so a
// connection that is taken out is as good as can be known, without a system call to ask. When it is
// in use, what comes is the response.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <unordered_map>

#include "runtime/net/net.h"

namespace smic::upstream {

inline constexpr std::size_t kMaxIdlePerEndpoint = 512;  // per worker

class Pool;

struct Connection {
  Connection(net::Loop& loop, int fd, Pool& owner);

  // Makes sure that a read is under way; then await stream.read_result() and commit to `in`. The
  // first result after taking it from the pool may be of 0 bytes: there is something to read.
  void start_read(std::size_t most) {
    if (!stream.reading()) stream.start_read(in.grow(most));
  }

  Pool& pool;
  net::Buffer in;  // before the stream, which may be reading into it
  net::Stream stream;
  bool reused = false;

 private:
  friend class Pool;
  net::Deadline idle_;
  Connection* below_ = nullptr;  // in the stack of idle ones
  Connection* above_ = nullptr;
  bool in_pool_ = false;
};

class Pool {
 public:
  Pool(const net::SocketAddress& address, std::chrono::milliseconds idle_timeout)
      : address_(address), idle_timeout_(idle_timeout) {}
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  const net::SocketAddress& address() const { return address_; }

  // The idle connection used last, or null. The others are left to grow old and be closed.
  std::unique_ptr<Connection> take();
  // Keeps it for later. Only a connection on which nothing is under way, and nothing left over.
  void put(std::unique_ptr<Connection> connection);

  // Requests that are under way to this address: what the load is judged by.
  std::uint32_t active = 0;

  std::size_t idle() const { return idle_; }
  bool unused() const { return active == 0 && idle_ == 0; }

 private:
  friend struct Connection;
  void remove(Connection& connection);
  void drop(Connection& connection);

  net::SocketAddress address_;
  std::chrono::milliseconds idle_timeout_;
  Connection* top_ = nullptr;
  Connection* bottom_ = nullptr;
  std::size_t idle_ = 0;
};

// Counts one request, for as long as it lives, as under way to a pool's address.
class InUse {
 public:
  explicit InUse(Pool& pool) : pool_(pool) { ++pool_.active; }
  ~InUse() { --pool_.active; }
  InUse(const InUse&) = delete;
  InUse& operator=(const InUse&) = delete;

 private:
  Pool& pool_;
};

class Pools {
 public:
  explicit Pools(std::chrono::milliseconds idle_timeout) : idle_timeout_(idle_timeout) {}

  Pool& of(const net::SocketAddress& address);
  // Forgets pools that hold nothing. Nobody may hold a reference to one that is unused.
  void sweep();
  std::size_t size() const { return pools_.size(); }

 private:
  std::chrono::milliseconds idle_timeout_;
  std::unordered_map<net::SocketAddress, Pool> pools_;
};

// One of `count` endpoints: the next in turn, unless another one drawn at random has less to do
// (power of two choices; with equal load it is plain round robin). `load(i)` tells a load.
template <class Load>
std::size_t pick(std::size_t count, std::uint32_t turn, std::uint32_t random, Load load) {
  const std::size_t first = turn % count;
  if (count == 1) return first;
  const std::size_t second = (first + 1 + random % (count - 1)) % count;
  return load(second) < load(first) ? second : first;
}

}  // namespace smic::upstream
