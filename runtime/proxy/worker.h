// SPDX-License-Identifier: Apache-2.0
// One worker: a thread, a loop, and everything requests on it need, shared with nobody. Other
// threads talk to it by posting to its loop.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "runtime/net/net.h"
#include "runtime/observe/observe.h"
#include "runtime/proxy/http1.h"
#include "runtime/proxy/listener_table.h"
#include "runtime/proxy/proxy.h"
#include "runtime/proxy/split_sequence.h"
#include "runtime/proxy/view.h"
#include "runtime/upstream/upstream.h"

namespace smic::proxy {

class Flows;
class Session;

// What a worker remembers about a unit across snapshots: where its fair sequences stand.
struct UnitState {
  std::uint32_t generation = 0;
  std::vector<SplitSequence> routes;
  std::vector<std::uint32_t> turns;  // round robin, by backend
};

// Which series counts (listener, route, backend, source); filled on demand, void with each view.
class SeriesCache {
 public:
  struct Key {
    std::uint32_t listener, route, backend, source;
    bool operator==(const Key&) const = default;
  };
  observe::RequestSeries*& operator[](const Key& key) { return map_[key]; }
  void clear() { map_.clear(); }

 private:
  struct Hash {
    std::size_t operator()(const Key& k) const {
      const std::uint64_t low = (std::uint64_t{k.listener} << 32 | k.source) * 0x9e3779b97f4a7c15u;
      const std::uint64_t high = (std::uint64_t{k.route} << 32 | k.backend) * 0xc2b2ae3d27d4eb4fu;
      return low ^ (low >> 29) ^ high ^ (high >> 31);
    }
  };
  std::unordered_map<Key, observe::RequestSeries*, Hash> map_;
};

// Which edge counts; filled on demand, void with each view, which the names are part of.
class EdgeCache {
 public:
  struct Key {
    const contract::Endpoint* to;
    const contract::PodIdentity* from;  // null = no pod of this node
    std::uint32_t listener, route;
    bool operator==(const Key&) const = default;
  };
  std::shared_ptr<observe::EdgeSeries>& operator[](const Key& key) { return map_[key]; }
  void clear() { map_.clear(); }

 private:
  struct Hash {
    std::size_t operator()(const Key& k) const {
      const auto pointers = reinterpret_cast<std::uintptr_t>(k.to) * 0x9e3779b97f4a7c15u ^
                            reinterpret_cast<std::uintptr_t>(k.from) * 0xc2b2ae3d27d4eb4fu;
      return pointers ^ (pointers >> 29) ^ (std::uint64_t{k.listener} << 32 | k.route);
    }
  };
  std::unordered_map<Key, std::shared_ptr<observe::EdgeSeries>, Hash> map_;
};

// Memory that one request's decision uses and the next one's uses again. Never kept over a
// suspension point.
struct Scratch {
  RequestHead request;
  ResponseHead response;
  std::string path;    // normalised
  std::string cookie;  // its lines joined (D-7)
  std::vector<contract::Slice> lines;
  std::vector<contract::HeaderSlot> slots;
  std::string out;  // a head that is being written
};

class Worker {
 public:
  // What all workers read. `view` is set before the snapshot in `cell` that keeps it alive.
  struct Shared {
    Options options;
    program::SnapshotCell cell;
    std::atomic<const View*> view{nullptr};
    Shared(Options given, std::size_t workers) : options(std::move(given)), cell(workers) {}
  };

  Worker(Shared& shared, std::size_t index);
  ~Worker();  // stops at once
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // ---- from other threads
  net::Loop& loop() { return loop_; }
  const observe::WorkerMetrics& metrics_for_scrape() const { return metrics; }
  const observe::EdgeTable& edges_for_scrape() const { return edges; }

  // ---- on the worker's own thread, by what was posted
  void adopt_view();  // caches and open tunnels follow the current view; then quiet
  void add_listener(ListenerKey key, int fd, net::Listeners::Kind kind);
  void close_listener(ListenerKey key);
  // Sockets where what is steered arrives, and the addresses that are: without a listener of their
  // own. `answers`: where answers to datagrams leave; who adds it keeps it open.
  void add_steered_sockets(const std::array<int, steer::kKinds>& sockets);
  void add_steered(ListenerKey key, const ListenAddress& where, int answers);
  void remove_steered(ListenerKey key, const ListenAddress& where);
  void start_draining(std::function<void()> drained);
  void abort_sessions();

  // ---- for sessions and flows
  // The current view, good until quiet(). No suspension in between.
  const View& view();
  void quiet() { shared_.cell.quiet(index_); }
  const Options& options() const { return shared_.options; }
  bool draining() const { return draining_; }
  UnitState& unit_state(ListenerKey key);
  upstream::Pool& pool_of(const program::Endpoint& endpoint);
  // Where answers to datagrams leave; -1: nowhere any more.
  int socket_of(ListenerKey key) const;
  std::optional<ListenerKey> steered_to(const ListenAddress& where) const;
  std::uint64_t random();
  std::uint32_t source_number(const std::string& identity);  // small, the same while we live
  std::string_view date();                                   // for a Date header
  void enter(Session& session);
  void leave(Session& session);

  observe::WorkerMetrics metrics;
  observe::EdgeTable edges;
  observe::AccessLog access_log;
  SeriesCache series_cache;
  EdgeCache edge_cache;
  Scratch scratch;

 private:
  void know_number(ListenerKey key);
  void accepted(ListenerKey key, int fd, const net::SocketAddress& peer);
  void accepted_steered(int fd, const net::SocketAddress& peer);
  void arrived(std::uint32_t listener, int socket);
  void on_tick();
  void close_idle_sessions();
  void close_forbidden_tunnels();
  void tell_if_drained();

  Shared& shared_;
  std::size_t index_;
  net::Loop loop_;
  upstream::Pools pools_;
  net::Listeners listeners_;
  net::Listeners steered_sockets_;  // by kind
  std::unordered_map<ListenAddress, ListenerKey, ListenAddress::Hash> steered_;
  std::vector<std::uint32_t> generations_;  // of listeners, by number
  std::vector<int> answers_;                // the same; -1: its own socket's
  std::uint64_t view_serial_ = 0;
  std::uint64_t swept_at_ = 0;
  // Endpoints of the current view and their pools; one that meets another here takes its place.
  struct CachedPool {
    const program::Endpoint* endpoint = nullptr;
    upstream::Pool* pool = nullptr;
  };
  std::array<CachedPool, 512> pool_cache_{};
  std::vector<UnitState> unit_states_;  // by listener number
  std::unordered_map<std::string, std::uint32_t> sources_;
  std::uint64_t random_state_;
  std::string date_;
  std::int64_t date_second_ = 0;
  bool draining_ = false;
  bool handshakes_over_ = false;      // while draining
  std::uint64_t draining_since_ = 0;  // tick
  std::function<void()> drained_;
  Session* sessions_ = nullptr;
  std::unique_ptr<Flows> flows_;
  std::thread thread_;
};

}  // namespace smic::proxy
