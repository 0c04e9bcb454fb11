// SPDX-License-Identifier: Apache-2.0
// One connection to the server, from its first byte to its last. For the .cpp files of this folder
// only.
//
// A connection belongs to the I/O thread: it reads a request whole, hands it to a handler thread,
// and goes on when the answer is posted back. A stream's writers only fill its outbox and wake the
// connection. While a stream is open the connection also reads, for the one thing that a client
// can still say: that it is gone.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "controller/api/server.h"
#include "controller/api/tls.h"

namespace smic::api {

// A connection, to the server.
class Open {
 public:
  using Clock = std::chrono::steady_clock;

  virtual ~Open() = default;
  virtual void close() = 0;
  virtual void wind_down() = 0;  // what is being answered is answered yet

  bool idle = false;  // between requests
  Clock::time_point since = Clock::now();
};

// What connections share. Unguarded members belong to the I/O thread.
struct Shared {
  Shared(ServerOptions given, std::vector<Route> answered)
      : options(std::move(given)), routes(std::move(answered)), pool(options.handler_threads) {}

  const ServerOptions options;
  const std::vector<Route> routes;
  TlsIdentity identity;
  ClientAuthorities clients;

  std::set<Open*> open;
  std::size_t bodies = 0;
  bool stopping = false;  // no new requests
  bool cut = false;       // no more handlers

  mutable std::mutex mutex;  // of the next two
  ServerFigures figures;
  std::condition_variable emptied;

  boost::asio::thread_pool pool;
  boost::asio::io_context io{1};  // the last member: its end is the end of all connections

  void count_open();
  void count_answer(const Route* route, int status, Open::Clock::duration taken);
};

std::string text_of(const boost::asio::ip::tcp::endpoint& endpoint);  // ADDRESS:PORT

// From here on it looks after itself, and stands in shared.open as long as it lives.
void serve(Shared& shared, boost::asio::ip::tcp::socket socket);
// By TLS; takes over the reference to the context.
void serve(Shared& shared, boost::asio::ip::tcp::socket socket, ssl_ctx_st* context);

}  // namespace smic::api
